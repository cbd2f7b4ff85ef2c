"""Real files that nobody here wrote go through the door: the counts of their publishers, and nothing lost."""

from __future__ import annotations

import csv
import gzip
import shutil
from pathlib import Path

import pytest

from pipelines.feeds import Delivery, take, take_all
from pipelines.home import Home
from tests.feeds.conftest import landed


@pytest.fixture(scope="module")
def taken(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, dict[str, Delivery]]:
    """A home that took both real files once."""
    home = Home(tmp_path_factory.mktemp("real") / "home").make()
    for source, name in (
        ("online_retail", "online_retail_orders.csv.gz"),
        ("open_repair", "open_repair_log.csv.gz"),
    ):
        (home.inbox / source).mkdir()
        shutil.copy(shared / "real" / name, home.inbox / source / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAVOIR_CUSTOMER_KEY", "a key that only tests know")
        return home, {delivery.source: delivery for delivery in take_all(home)}


def test_online_retail_is_order_lines_returns_and_named_skips(
    taken: tuple[Home, dict[str, Delivery]],
) -> None:
    delivery = taken[1]["online_retail"]
    orders, tickets = delivery.counts
    assert (orders.feed, orders.rows_loaded, orders.rows_duplicate, orders.rows_quarantined) == (
        "orders",
        527_725,
        0,
        0,
    )
    assert (tickets.feed, tickets.rows_loaded, tickets.rows_duplicate) == ("tickets", 8_704, 0)
    assert orders.rows_read + tickets.rows_read == 541_909
    assert {skip.filter_name: skip.rows_skipped for skip in delivery.skips} == {
        "bad_debt_adjustment": 3,
        "service_code": 2_992,
        "stock_write_off": 1_324,
        "no_price": 1_161,
    }
    assert not delivery.is_refused


def test_online_retail_rows_keep_their_customer_hidden_and_their_price_in_euros(
    taken: tuple[Home, dict[str, Delivery]],
) -> None:
    home = taken[0]
    first = landed(
        home,
        "orders",
        "sku, quantity, unit_price_eur::text, contract_at::text, country_code, length(customer_id)",
        "_file_row limit 1",
    )
    # 2.55 GBP at 1.1522
    assert first == [("85123A", 6, "2.9381", "2010-12-01 08:26:00", "GB", 32)]
    assert landed(home, "tickets", "count(customer_id), min(quantity), count(distinct ticket_id)") == [
        (8_539, 1, 8_704)
    ]
    assert landed(home, "orders", "count(distinct (order_id, line_number))") == [(527_725,)]


def test_open_repair_loads_whole_with_its_accents(
    taken: tuple[Home, dict[str, Delivery]], shared: Path
) -> None:
    home, deliveries = taken
    (count,) = deliveries["open_repair"].counts
    assert (count.rows_read, count.rows_loaded, count.rows_quarantined) == (121_692, 121_692, 0)
    with gzip.open(shared / "real" / "open_repair_log.csv.gz", "rt", encoding="utf-8", newline="") as file:
        expected = {row["id"]: (row["product_category"], row["event_date"]) for row in csv.DictReader(file)}
    stored = landed(
        home, "repairs", "repair_id, family_code, cast(received_at + interval 2 hour as date)::text"
    )
    assert {repair: (family, day) for repair, family, day in stored} == expected


def test_online_retail_again_changes_nothing(
    taken: tuple[Home, dict[str, Delivery]], shared: Path, tmp_path: Path
) -> None:
    home, deliveries = taken
    path = tmp_path / "again.csv.gz"
    shutil.copy(shared / "real" / "online_retail_orders.csv.gz", path)
    before = {item.name for item in home.landing.iterdir()}
    assert take(home, path, "online_retail").already == deliveries["online_retail"].delivery_id
    assert {item.name for item in home.landing.iterdir()} == before


def test_halves_in_either_order_land_the_same_rows(shared: Path, tmp_path: Path) -> None:
    with gzip.open(shared / "real" / "online_retail_orders.csv.gz", "rt", encoding="utf-8") as file:
        header, *lines = [next(file) for _ in range(40_001)]
    halves = {"first": lines[:20_000], "second": lines[20_000:]}
    results = []
    for order in (("first", "second"), ("second", "first")):
        home = Home(tmp_path / order[0]).make()
        for half in order:
            path = tmp_path / f"{half}.csv"
            path.write_text(header + "".join(halves[half]), encoding="utf-8")
            take(home, path, "online_retail")
        results.append([landed(home, feed, "* exclude (_delivery_id)") for feed in ("orders", "tickets")])
    assert results[0] == results[1]
    assert len(results[0][0]) > 38_000
