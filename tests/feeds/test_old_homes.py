"""A home that an older version made is taken over: its rows, refusals and copies are this version's.

`homes/version_0_1.tar.gz` was made by commit 7a84d7e from FILES, under the key of these tests.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from pipelines.feeds import loading as rules
from pipelines.feeds import quarantined, replay_quarantine, take_all
from pipelines.feeds.landing import delivery_folders
from pipelines.feeds.personal import CustomerKeyError
from pipelines.home import Home
from tests.feeds.conftest import landed

FILES = {
    "products": "sku,family_code\nSKU-1,mower\n",
    "orders": (
        "order_id,line_number,contract_at,sku,quantity,unit_price_eur,customer_id,delivered_at\n"
        "O1,1,2024-03-01T10:00:00,SKU-1,1,100.00,C1,2024-03-05\n"
        'O2,1,2024-03-02,SKU-1,0,5,C2,\nO3,1\n"O4","1",2024-03-04,SKU-1,2,7.5,C2,2024-03-09\n'
    ),
    "tickets": (
        "ticket_id,customer_id,order_id,line_number,channel,requested_at,category,description\n"
        'T1,C1,O1,1,phone,2024-06-01,breakdown,"two\nlines"\nT2,C2,O4,1,fax,2024-06-01,breakdown,\n'
    ),
    "repairs": (
        "repair_id,ticket_id,received_at,diagnosed_at,fault_code,labour_minutes\n"
        "R1,T1,2024-06-05,2024-06-06,D01,30\n"
    ),
}


@pytest.fixture
def old_home(tmp_path: Path) -> Home:
    """The home as version 0.1 left it."""
    with tarfile.open(Path(__file__).parent / "homes" / "version_0_1.tar.gz") as archive:
        archive.extractall(tmp_path / "old", filter="data")
    return Home(tmp_path / "old").make()


def send(home: Home) -> list[tuple[int, int, int]]:
    """Send all rows, in files of other bytes; what was loaded, known before and refused."""
    for source, text in FILES.items():
        (home.inbox / source).mkdir(exist_ok=True)
        (home.inbox / source / f"{source}.csv").write_text(text + "\n")
    counts = [count for delivery in take_all(home) for count in delivery.counts]
    return [(count.rows_loaded, count.rows_duplicate, count.rows_quarantined) for count in counts]


def test_rows_sent_again_are_known_by_the_content_that_they_had(old_home: Home, home: Home) -> None:
    assert send(home) == [(2, 0, 2), (1, 0, 0), (1, 0, 0), (1, 0, 1)]
    assert send(old_home) == [(0, 2, 2), (0, 1, 0), (0, 1, 0), (0, 1, 1)]
    for feed in FILES:
        names = "_content_hash"
        assert landed(old_home, feed, names) == landed(home, feed, names)


def test_refused_rows_of_the_older_version_are_judged_again(
    old_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [(refusal.file_row, refusal.reasons) for refusal in quarantined(old_home)]
    assert [line for line, _ in before] == [3, 4, 4]
    monkeypatch.setattr(rules, "DOOR_VERSION", "another")
    replay_quarantine(old_home)
    assert [(refusal.file_row, refusal.reasons) for refusal in quarantined(old_home)] == before


def test_an_old_home_without_its_key_is_not_read_with_a_new_one(
    old_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAVOIR_CUSTOMER_KEY")
    before = [folder.name for folder in delivery_folders(old_home)]
    with pytest.raises(CustomerKeyError, match="The customer key of this home is missing: put"):
        send(old_home)
    assert [folder.name for folder in delivery_folders(old_home)] == before
    assert not old_home.customer_key.exists()


def test_another_key_than_the_deliveries_were_hashed_with_is_refused(
    old_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(old_home)
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", "quite another key of the same home")
    (old_home.inbox / "products" / "new.csv").write_text("sku,family_code\nSKU-2,mower\n")
    with pytest.raises(CustomerKeyError, match="SAVOIR_CUSTOMER_KEY is not the one that this home's"):
        take_all(old_home)
    assert (old_home.inbox / "products" / "new.csv").exists()
