"""Values doubted by kind: blanks that nobody sees, identifiers that a program damaged, years mistyped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.feeds import take_all
from pipelines.home import Home
from tests.feeds.conftest import ORDER, ORDER_HEADER, landed

Put = Callable[..., Path]

# Blank or without a glyph, by the Unicode character database.
BLANKS = "\u00a0\t \u2007\u202f\u3000\u200b\u200d\u2060\ufeff\u00ad\u200e\u2028\u180e\u3164\u2800\u0085"


def test_blanks_of_every_kind_at_the_ends_of_a_key_are_no_part_of_it(home: Home, put: Put) -> None:
    rows = [f"{b}{b}C{n:02}{b} ,1,2024-03-01,{b}é{b},1,{b}5" for n, b in enumerate(BLANKS)]
    put("orders", "\n".join([ORDER_HEADER, *rows, ""]))
    take_all(home)
    assert landed(home, "orders", "order_id, sku, unit_price_eur::text") == [
        (f"C{n:02}", "é", "5.0000") for n in range(len(BLANKS))
    ]


def test_a_value_of_blanks_alone_is_unknown(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER},lot_code\n{ORDER},\u00a0\u200b\n")
    take_all(home)
    assert landed(home, "orders", "lot_code") == [(None,)]


@pytest.mark.parametrize("column", ["order_id", "sku", "customer_id", "serial_numbers"])
def test_an_identifier_that_a_program_damaged_is_refused(home: Home, put: Put, column: str) -> None:
    damaged = ["1,23457E+12", "1.23457E+12", "1e+16", "17850.0", "17850.00", "NaN", "<NA>", "#N/A", "inf"]
    whole = dict(zip(ORDER_HEADER.split(","), ORDER.split(","), strict=True)) | {column: ""}
    rows = [whole | {"line_number": str(n), column: f'"{value}"'} for n, value in enumerate(damaged)]
    put("orders", "\n".join([",".join(whole), *(",".join(row.values()) for row in rows), ""]))
    (delivery,) = take_all(home)
    shown = ["a value that is not shown"] * 9 if column == "customer_id" else [f"“{one}”" for one in damaged]
    sentence = "a number that a spreadsheet or data frame has put in place of the identifier: send it as text"
    assert [refusal.reasons for refusal in delivery.refused] == [
        (f"{column} is {one}, {sentence}",) for one in shown
    ]


def test_an_identifier_that_only_looks_odd_is_kept(home: Home, put: Put) -> None:
    odd = ["1E5", "4E12", "12.5", "AB-1.0", "1.0.0", "NANO", "Infinity-3", "E+1"]
    rows = [f"O{n},1,2024-03-01,{value},1,5" for n, value in enumerate(odd)]
    put("orders", "\n".join([ORDER_HEADER, *rows, ""]))
    take_all(home)
    assert landed(home, "orders", "sku", "order_id") == [(value,) for value in odd]


def test_a_float_column_of_a_data_frame_is_no_customer(home: Home, put: Put, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'O1' as order_id, '1' as line_number, '2024-03-01' as contract_at, 'S' as sku, "
            f"1 as quantity, 5 as unit_price_eur, 17850.0::double as customer_id) to '{tmp_path}/a.parquet'"
        )
    put("orders", (tmp_path / "a.parquet").read_bytes(), "a.parquet")
    (delivery,) = take_all(home)
    assert "customer_id is a value that is not shown, a number that" in delivery.refused[0].reasons[0]


@pytest.mark.parametrize(
    ("feed", "column", "day", "is_taken"),
    [
        ("orders", "contract_at", "0024-03-01", False),
        ("orders", "contract_at", "1994-12-31", False),
        ("orders", "contract_at", "1995-01-02", True),
        ("orders", "paid_at", "1970-01-01", False),
        ("orders", "delivered_at", "2204-03-01", False),
        ("tickets", "requested_at", "1900-01-01", False),
        ("tickets", "defect_appeared_on", "9999-12-31", False),
        ("repairs", "returned_at", "0001-01-01", False),
        ("service_centers", "valid_to", "9999-12-31", True),
    ],
)
def test_a_date_of_a_mistyped_year_is_refused(
    home: Home, put: Put, feed: str, column: str, day: str, is_taken: bool
) -> None:
    base = {
        "orders": dict(zip(ORDER_HEADER.split(","), ORDER.split(","), strict=True)),
        "tickets": {"ticket_id": "T1", "channel": "phone", "requested_at": "2024-03-01"},
        "repairs": {"repair_id": "R1", "received_at": "2024-03-01"},
        "service_centers": {"service_center_id": "C1"},
    }[feed] | {column: day}
    put(feed, f"{','.join(base)}\n{','.join(base.values())}\n")
    (delivery,) = take_all(home)
    assert (delivery.counts[0].rows_loaded == 1) is is_taken
    if not is_taken:
        last = datetime.now(UTC).date() + timedelta(days=366)
        assert f"{column} is “{day}”, outside 1995-01-01 to {last}: correct the date" in [
            reason for refusal in delivery.refused for reason in refusal.reasons
        ]
