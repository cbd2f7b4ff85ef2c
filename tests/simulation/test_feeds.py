"""The five feeds: canonical form, the contract's columns and codes, and rows that belong together."""

from __future__ import annotations

import csv
import re

import pytest

from pipelines.feeds.contract import contract
from pipelines.feeds.door import check
from pipelines.simulation.writing import FEEDS
from tests.simulation.conftest import END, Simulated


@pytest.mark.parametrize("feed", FEEDS)
def test_columns_are_the_contracts_in_its_order(shop: Simulated, feed: str) -> None:
    wanted = list(contract().feeds[feed].column_names)
    for path in (shop.home.inbox / feed).glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == wanted


@pytest.mark.parametrize("feed", FEEDS)
def test_codes_are_the_contracts_and_each_is_used(busy_shop: Simulated, feed: str) -> None:
    never = {"manual"}  # nothing without a motor is sold
    for column in contract().feeds[feed].columns:
        if column.codes:
            used = {
                code
                for (code,) in busy_shop.rows(
                    f"select distinct {column.name} from {feed} where {column.name} is not null"
                )
            }
            assert used == set(column.codes) - never, column.name


@pytest.mark.parametrize("feed", FEEDS)
def test_the_door_refuses_no_row(shop: Simulated, feed: str) -> None:
    for path in sorted((shop.home.inbox / feed).glob("*.csv")):
        delivery = check(shop.home, path, feed).delivery
        assert not delivery.is_refused, delivery.sentences
        assert delivery.counts[0].rows_loaded > 0


def test_fault_codes_are_in_the_taxonomy(busy_shop: Simulated, shared) -> None:
    with (shared / "domain" / "misuse_taxonomy.csv").open(encoding="utf-8", newline="") as file:
        taxonomy = {row["code"] for row in csv.DictReader(file)}
    used = {
        c for (c,) in busy_shop.rows("select distinct fault_code from repairs where fault_code is not null")
    }
    assert used == taxonomy


def test_recorded_tickets_point_to_what_was_sold(shop: Simulated) -> None:
    orphans = shop.row(
        "select count(*) from tickets as t anti join orders as o "
        "on o.order_id = t.order_id and o.line_number = t.line_number and o.sku = t.sku "
        "where t.order_id is not null"
    )
    assert orphans == (0,)
    printed = "regexp_replace(upper({}), '[^0-9A-Z]', '', 'g')"
    serials = shop.row(
        f"select count(*) from tickets as t anti join ("
        f"select {printed.format('s')} as s "
        "from (select unnest(string_split(serial_numbers, '|')) as s from orders) "
        "union all select replacement_serial_number from tickets"
        f") as known on {printed.format('known.s')} = {printed.format('t.serial_number')} "
        "where t.serial_number is not null"
    )
    assert serials == (0,)


def test_repairs_belong_to_tickets(shop: Simulated) -> None:
    orphans = shop.row(
        "select count(*) from repairs as r anti join tickets using (ticket_id) where r.ticket_id is not null"
    )
    assert orphans == (0,)
    missing = shop.row("select count(*) from repairs where ticket_id is null and serial_number is null")
    assert missing == (0,)


def test_serial_numbers_are_unique_and_one_per_unit(shop: Simulated) -> None:
    rows = shop.row(
        "select count(*), count(distinct s) "
        "from (select unnest(string_split(serial_numbers, '|')) as s from orders)"
    )
    assert rows[0] == rows[1]
    wrong = shop.row("select count(*) from orders where len(string_split(serial_numbers, '|')) <> quantity")
    assert wrong == (0,)


ORDERS = "contract_at paid_at shipped_at delivered_at"
TICKETS = "requested_at first_replied_at", "requested_at closed_at", "requested_at paypal_case_opened_at"
REPAIRS = (
    "picked_up_at received_at diagnosed_at quoted_at repaired_at returned_at",
    "quoted_at quote_accepted_at repaired_at",
)


@pytest.mark.parametrize(
    ("feed", "names"),
    [
        ("orders", ORDERS),
        *(("tickets", names) for names in TICKETS),
        *(("repairs", names) for names in REPAIRS),
    ],
)
def test_dates_come_in_a_possible_order(busy_shop: Simulated, feed: str, names: str) -> None:
    columns = names.split()
    for earlier, later in ((a, b) for n, a in enumerate(columns) for b in columns[n + 1 :]):
        wrong = busy_shop.row(
            f"select count(*) from {feed} where {later}::timestamptz < {earlier}::timestamptz"
        )
        assert wrong == (0,), (earlier, later)


def test_nothing_is_asked_before_the_machine_came(shop: Simulated) -> None:
    early = shop.row(
        "select count(*) from tickets as t join orders as o using (order_id, line_number) "
        "where t.requested_at::timestamptz < o.delivered_at or t.defect_appeared_on < o.delivered_at::date"
    )
    assert early == (0,)


def test_nothing_is_known_after_the_end(shop: Simulated) -> None:
    for feed in FEEDS:
        for column in contract().feeds[feed].columns:
            if column.type == "timestamp":
                last = shop.row(f"select max({column.name}::timestamptz)::date from all_{feed}")[0]
                assert last is None or last <= END, (feed, column.name)


def test_the_last_weeks_have_open_tickets(shop: Simulated) -> None:
    count, oldest = shop.row(
        "select count(*), min(requested_at::timestamptz)::date from tickets where closed_at is null"
    )
    assert count > 10
    assert (END - oldest).days < 80


def test_times_avoid_the_hours_that_clock_changes_touch(shop: Simulated) -> None:
    hours = shop.row(
        "select min(hour(requested_at::timestamptz)), max(hour(requested_at::timestamptz)) from tickets"
    )
    assert hours == (6, 22)


def test_some_times_carry_their_offset_and_say_the_same(shop: Simulated) -> None:
    texts = [
        row[7 + 1]
        for path in (shop.home.inbox / "tickets").glob("*.csv")
        for row in list(csv.reader(path.open(encoding="utf-8", newline="")))[1:]
    ]
    forms = {re.sub(r"\d", "0", text) for text in texts}
    assert forms == {"0000-00-00T00:00:00", "0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00Z"}


def test_later_files_hold_late_corrected_and_repeated_rows(shop: Simulated) -> None:
    for feed in ("orders", "tickets", "repairs"):
        marks = shop.row(
            f"select sum(late), sum(corrected), sum(doubled) from true_versions where feed = '{feed}'"
        )
        assert min(marks) > 0
        with next((shop.home.inbox / feed).glob("*-later-*.csv")).open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) - 1 == sum(marks)
        keys = contract().feeds[feed].key
        twice = shop.row(
            f"select count(*) from (select {', '.join(keys)} from all_{feed} group by all "
            "having count(distinct updated_at) > 1)"
        )
        assert twice == (marks[1],)


def test_texts_hold_personal_and_hostile_pieces_as_truth_says(busy_shop: Simulated) -> None:
    kinds = dict(busy_shop.rows("select kind, count(*) from true_texts group by kind"))
    assert kinds.keys() == {"email", "phone", "street", "hostile"}
    wrong = busy_shop.row(
        "select count(*) from true_texts as x join tickets as t on t.ticket_id = x.key "
        "where x.feed = 'tickets' and not contains(t.description, x.value)"
    )
    assert wrong == (0,)


def test_languages_and_countries_are_mixed(shop: Simulated) -> None:
    countries = shop.rows("select distinct country_code from orders")
    assert {x for (x,) in countries} == {
        "FR", "BE", "DE", "IT", "ES",
    }  # fmt: skip
    assert {x for (x,) in shop.rows("select distinct language_code from tickets")} == {
        "fr", "de", "it", "es",
    }  # fmt: skip
