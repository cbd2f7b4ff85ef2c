"""A new key changes every kept hash and no link; a kill leaves what the same command finishes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from pipelines.erasure import key_rotation
from pipelines.erasure.forgetting import forget
from pipelines.erasure.key_rotation import RotationError, rotate_key
from pipelines.erasure.search import search
from pipelines.feeds import quarantined, take_all
from pipelines.feeds.landing import feed_files, files_sql
from pipelines.feeds.personal import CustomerKeyError, keyed_hash
from pipelines.home import Home

ORDERS = "order_id,line_number,contract_at,sku,quantity,unit_price_eur,customer_id\n"
TICKETS = "ticket_id,customer_id,channel,requested_at,quantity\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv("SAVOIR_CUSTOMER_KEY", raising=False)
    home = Home(tmp_path / "home").make()
    send(home, "orders", f"{ORDERS}O1,1,2024-03-01,S,1,5,C1\nO2,1,2024-03-01,S,1,5,C2\n")
    send(home, "tickets", f"{TICKETS}T1,C1,phone,2024-05-01,1\nT2,C2,phone,2024-05-01,0\n")
    return home


def send(home: Home, source: str, text: str) -> None:
    (home.inbox / source).mkdir(exist_ok=True)
    (home.inbox / source / "a.csv").write_text(text)
    take_all(home)


def customers(home: Home, feed: str = "orders") -> dict[str, str]:
    key = "order_id" if feed == "orders" else "ticket_id"
    with duckdb.connect() as connection:
        return dict(
            connection.execute(
                f"select {key}, customer_id from {files_sql(feed_files(home, feed))}"
            ).fetchall()
        )


def test_old_hashes_are_nowhere_and_links_are_the_same(home: Home) -> None:
    before = customers(home)
    rotate_key(home)
    after = customers(home)
    assert set(before.values()).isdisjoint(after.values())
    assert search(home, list(before.values())).places == ()
    assert customers(home, "tickets")["T1"] == after["O1"]
    (refused,) = quarantined(home)
    assert after["O2"] in str(refused.record)


def test_what_comes_later_meets_what_was_there(home: Home) -> None:
    rotate_key(home)
    rotate_key(home)
    send(home, "orders", f"{ORDERS}O3,1,2024-03-09,S,1,5,C1\n")
    found = customers(home)
    assert found["O3"] == found["O1"] != found["O2"]
    assert found["O1"] == keyed_hash("C1", home.customer_key.read_text().strip().encode())
    assert home.customer_key.stat().st_mode & 0o777 == 0o600


def test_the_forgotten_stay_forgotten(home: Home) -> None:
    forget(home, "C1", rebuild=lambda: True)
    rotate_key(home)
    send(home, "orders", f"{ORDERS}O4,1,2024-03-09,S,1,5,C1\n")
    found = customers(home)
    assert found["O4"] == found["O1"]
    assert found["O4"] != keyed_hash("C1", home.customer_key.read_text().strip().encode())


def test_a_kill_in_the_middle_stops_the_door_until_it_is_finished(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = customers(home)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(key_rotation, "_rehash_list", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(home)
    (home.inbox / "orders" / "b.csv").write_text(f"{ORDERS}O5,1,2024-03-09,S,1,5,C2\n")
    with pytest.raises(CustomerKeyError, match="rotate-key"):
        take_all(home)
    rotate_key(home)
    take_all(home)
    found = customers(home)
    assert found["O5"] == found["O2"] != before["O2"]


def test_a_key_of_the_environment_is_its_owners_to_change(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", "a key that only tests know")
    with pytest.raises(RotationError, match="SAVOIR_CUSTOMER_KEY"):
        rotate_key(home)
