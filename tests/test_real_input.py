"""Real files that nobody here wrote, through the commands that a user types. Slow: two large builds."""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.publishing import content_hashes
from tests.feeds.conftest import landed

AS_OF = "2026-10-31"
FIRST_HALF = 270_955


Savoir = Callable[..., subprocess.CompletedProcess[str]]


def build(home: Home, savoir: Savoir) -> None:
    done = savoir(home, "build", "--as-of", AS_OF)
    assert done.returncode == 0, done.stdout + done.stderr


def put(home: Home, source: str, path: Path, name: str | None = None) -> None:
    folder = home.inbox / source
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / (name or path.name))


@pytest.fixture(scope="module")
def retail_home(shared: Path, savoir: Savoir, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Online Retail and the Open Repair log, loaded and published."""
    home = Home.at(tmp_path_factory.mktemp("real") / "home")
    put(home, "online_retail", shared / "real" / "online_retail_orders.csv.gz")
    put(home, "open_repair", shared / "real" / "open_repair_log.csv.gz")
    build(home, savoir)
    return home


def one(home: Home, query: str) -> tuple:
    with duckdb.connect(str(home.current.resolve()), read_only=True) as con:
        row = con.execute(query).fetchone()
    assert row is not None
    return row


def test_every_row_of_online_retail_is_accounted_for(retail_home: Home) -> None:
    assert one(
        retail_home,
        "select sum(rows_read), sum(rows_loaded) filter (feed = 'orders'),"
        " sum(rows_loaded) filter (feed = 'tickets'), sum(rows_skipped), sum(rows_quarantined)"
        " from meta.deliveries where source = 'online_retail'",
    ) == (541_909, 527_725, 8_704, 541_909 - 527_725 - 8_704, 0)
    [(skips,)] = landed(retail_home, "skips", "map(list(filter_name), list(rows_skipped))")
    assert skips == {
        "bad_debt_adjustment": 3,
        "service_code": 2_992,
        "stock_write_off": 1_324,
        "no_price": 1_161,
    }


def test_a_customer_is_hidden_and_a_price_in_euros(retail_home: Home) -> None:
    first = landed(
        retail_home,
        "orders",
        "sku, quantity, unit_price_eur::text, contract_at::text, country_code, length(customer_id)",
        "_file_row limit 1",
    )
    # 2.55 GBP at 1.1522
    assert first == [("85123A", 6, "2.9381", "2010-12-01 08:26:00", "GB", 32)]
    assert landed(retail_home, "tickets", "count(customer_id), min(quantity), count(distinct ticket_id)") == [
        (8_539, 1, 8_704)
    ]
    assert landed(retail_home, "orders", "count(distinct (order_id, line_number))") == [(527_725,)]


def test_credit_notes_find_the_earlier_purchase_of_the_same_customer_and_product(retail_home: Home) -> None:
    assert one(retail_home, "select count(*), count(*) filter (is_linked) from marts.fct_claims") == (
        8_704,
        7_508,
    )
    assert one(retail_home, "select count(*) from marts.fct_order_lines") == (527_725,)


def test_the_time_to_return_of_every_product_is_a_curve(retail_home: Home) -> None:
    """5.6 million units; some 5 % come back, nine in ten of them within a month of service.

    Two orders of 155,000 units (23166, 23843) came back whole within the hour: the known dirt of this file.
    """
    units, events, first, cumulative = one(
        retail_home,
        "select max(units), sum(events), max(events) filter (age_month = 1), max(cumulative)"
        " from marts.fct_life_table where scope_type = 'all' and cohort is null and cause = 'return'",
    )
    assert units == one(retail_home, "select sum(units) from marts.fct_order_lines")[0]
    assert 0.04 < cumulative < 0.06
    assert 0.85 < first / events < 0.95
    assert one(
        retail_home,
        "select sum(events), count(distinct scope_id) > 1700 from marts.fct_life_table"
        " where scope_type = 'sku' and cause = 'return'",
    ) == (events, True)
    assert one(
        retail_home,
        "select sum(events), count(*) filter (shape is null and doubt is null)"
        " from marts.fct_reliability_fits"
        " where scope_type = 'sku' and cause = 'return' and is_default",
    ) == (events, 0)


def test_the_repair_log_loads_whole_with_its_broken_accents(retail_home: Home, shared: Path) -> None:
    assert one(
        retail_home,
        "select rows_read, rows_loaded + rows_duplicate + rows_quarantined + rows_skipped, rows_quarantined"
        " from meta.deliveries where source = 'open_repair'",
    ) == (121_692, 121_692, 0)
    assert one(retail_home, "select count(*) from marts.fct_repairs") == (121_692,)
    with gzip.open(shared / "real" / "open_repair_log.csv.gz", "rt", encoding="utf-8", newline="") as file:
        expected = {row["id"]: (row["product_category"], row["event_date"]) for row in csv.DictReader(file)}
    stored = landed(
        retail_home, "repairs", "repair_id, family_code, cast(received_at + interval 2 hour as date)::text"
    )
    assert {repair: (family, day) for repair, family, day in stored} == expected


def test_halves_the_second_first_and_all_twice_more_give_the_marts_of_the_whole(
    retail_home: Home, shared: Path, savoir: Savoir, tmp_path: Path
) -> None:
    with gzip.open(
        shared / "real" / "online_retail_orders.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        header, *lines = file.readlines()
    home = Home.at(tmp_path / "home")
    # The same key, or the same customer would have another hash.
    home.customer_key.parent.mkdir(parents=True)
    shutil.copy2(retail_home.customer_key, home.customer_key)
    # Files are taken in the order of their names: a is the second half.
    for name, half in (("a.csv", lines[FIRST_HALF:]), ("b.csv", lines[:FIRST_HALF])):
        folder = home.inbox / "online_retail"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(header + "".join(half), encoding="utf-8", newline="")
    for source, name in (("online_retail", "online_retail_orders"), ("open_repair", "open_repair_log")):
        whole = shared / "real" / f"{name}.csv.gz"
        put(home, source, whole)
        put(home, source, whole, f"{name}_again.csv.gz")
    build(home, savoir)
    assert content_hashes(home.current) == content_hashes(retail_home.current)
    # The same bytes again are no delivery: two halves and a whole of the one, one of the other.
    deliveries = landed(home, "deliveries", "count(distinct delivery_id), count(distinct file_sha256)")
    assert deliveries == [(4, 4)]
    assert [path for path in home.inbox.rglob("*") if path.is_file()] == []
    assert landed(home, "deliveries", "max(rows_duplicate) filter (feed = 'orders')") == [(527_725,)]
