"""Every kind of bad file gives a sentence that names file, row, column, value and remedy.

Its good rows load.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pipelines.feeds.door as door
from pipelines.feeds import Delivery, take_all
from pipelines.feeds.reading import stage
from pipelines.feeds.staging import Staged
from pipelines.home import Home
from tests.feeds.conftest import ORDER, ORDER_HEADER, landed

Put = Callable[..., Path]


def taken(home: Home) -> Delivery:
    """The one delivery of what waits; its counts add up."""
    (delivery,) = take_all(home)
    assert all(count.is_conserved for count in delivery.counts)
    return delivery


def said(delivery: Delivery) -> str:
    """All that the door says about a delivery."""
    return "\n".join([*delivery.sentences, *map(str, delivery.refused)])


def with_column(name: str, value: str, feed: str = "orders") -> str:
    """Two rows of a feed: a good one, and one whose column has the value."""
    base = {
        "orders": dict(zip(ORDER_HEADER.split(","), ORDER.split(","), strict=True)),
        "tickets": {"ticket_id": "T1", "channel": "phone", "requested_at": "2024-03-01"},
        "products": {"sku": "SKU-1", "family_code": "mower"},
    }[feed]
    names = list(dict.fromkeys([*base, name]))
    good = ",".join(base.get(column, "") for column in names)
    bad = ",".join((base | {name: value}).get(column, "") for column in names)
    return f"{','.join(names)}\n{good}\n{bad}\n"


@pytest.mark.parametrize(
    ("feed", "column", "value", "remedy"),
    [
        ("orders", "quantity", "-2", "below the smallest allowed value 1"),
        ("orders", "quantity", "two", "not a whole number"),
        ("orders", "quantity", "1.5", "not a whole number"),
        ("orders", "quantity", "1_000", "not a whole number"),
        ("orders", "quantity", "0x10", "not a whole number"),
        ("orders", "unit_price_eur", "12 EUR", "not an amount"),
        ("orders", "unit_price_eur", "1e3", "not an amount"),
        ("orders", "unit_price_eur", "-0.01", "below the smallest allowed value 0"),
        ("orders", "contract_at", "01/03/2024", "write YYYY-MM-DDTHH:MM:SS"),
        ("orders", "contract_at", "2024-02-30", "write YYYY-MM-DDTHH:MM:SS"),
        ("orders", "contract_at", "2024-03-01 24:00:00", "write YYYY-MM-DDTHH:MM:SS"),
        ("orders", "delivered_at", "infinity", "write YYYY-MM-DDTHH:MM:SS"),
        ("orders", "payment_method", "PayPal", "not a known code: one of paypal, card"),
        ("orders", "item_condition", "neuf", "not a known code: one of new, refurbished, used"),
        ("tickets", "is_unused", "yes", "true or false"),
        ("tickets", "defect_appeared_on", "2024-1-5", "write YYYY-MM-DD"),
        ("tickets", "engine_hours", "12,5", "write digits and a decimal point"),
        ("tickets", "satisfaction_score", "11", "above the largest allowed value 10"),
        ("products", "weight_kg", "heavy", "not a number"),
    ],
)
def test_a_refused_value_is_named_with_its_file_line_column_and_remedy(
    home: Home, put: Put, feed: str, column: str, value: str, remedy: str
) -> None:
    content = with_column(column, value, feed)
    if "," in value:
        content = content.replace(value, f'"{value}"')
    put(feed, content, "mars.csv")
    delivery = taken(home)
    (refusal,) = delivery.refused
    assert str(refusal).startswith("mars.csv, line 3: ")
    assert f"{column} is “{value}”" in str(refusal)
    assert remedy in str(refusal)
    assert delivery.is_refused
    assert (delivery.counts[0].rows_loaded, delivery.counts[0].rows_quarantined) == (1, 1)


def test_a_control_character_is_refused_without_showing_it(home: Home, put: Put) -> None:
    put("orders", with_column("lot_code", "L\x071") + ORDER.replace("O1", "O\x1f2") + ",\n")
    delivery = taken(home)
    assert "file.csv, line 3: lot_code holds a control character (an invisible one): remove it" in said(
        delivery
    )
    assert "file.csv, line 4: order_id holds a control character (an invisible one): remove it" in said(
        delivery
    )
    assert delivery.counts[0].rows_loaded == 1


def test_a_file_that_grows_while_it_is_read_stays_in_the_inbox(
    home: Home, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("orders", f"{ORDER_HEADER}\n{ORDER}\n")

    def stage_while_the_sender_writes(*given: Any) -> Staged:
        staged = stage(*given)
        path.write_text(f"{ORDER_HEADER}\n{ORDER}\n{ORDER}\n")
        return staged

    monkeypatch.setattr(door, "stage", stage_while_the_sender_writes)
    assert "file.csv was still being written: let its name end in .part" in said(taken(home))
    assert path.exists()
    assert landed(home, "deliveries") == []


def test_an_empty_required_value_is_named(home: Home, put: Put) -> None:
    put("orders", with_column("sku", "  "))
    assert "file.csv, line 3: sku is empty, but required: fill it in" in said(taken(home))


def test_every_reason_of_a_row_is_given(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\nO1,1,yesterday,,0,free\n")
    (refusal,) = taken(home).refused
    assert [reason.split(" is ")[0] for reason in refusal.reasons] == [
        "contract_at",
        "sku",
        "quantity",
        "unit_price_eur",
    ]


def test_dates_in_an_impossible_order_are_refused_by_civil_date(home: Home, put: Put) -> None:
    put(
        "orders",
        f"{ORDER_HEADER},shipped_at,delivered_at\n{ORDER},2024-03-02,2024-03-01\n"
        # The same civil day in Paris is no fault, whatever the hours say.
        "O2,1,2024-03-01T10:00:00,SKU-1,1,5,2024-03-02T18:00:00,2024-03-02\n",
    )
    delivery = taken(home)
    (refusal,) = delivery.refused
    assert refusal.reasons == (
        "delivered_at is 2024-03-01, before shipped_at, which is 2024-03-02: correct one of the two",
    )
    assert delivery.counts[0].rows_loaded == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "file.csv is empty, without even a header"),
        (b"\n\n", "file.csv holds only blank lines"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "a PNG picture"),
        (b"PK\x03\x04....xl/workbook.xml", "save the sheet as “CSV UTF-8”"),
        (b"order_id\0line_number\n", "it holds NUL bytes"),
        ("order_id,sku\n".encode("utf-16"), "dialect.encoding: utf-16"),
        (b"PAR1nothing", "starts as Parquet but cannot be read"),
        (gzip.compress(b"order_id,line_number\nO1,1\n" * 9, mtime=0)[:12], "cut"),
        (
            b"order_id,line_number,contract_at,sku,unit_price_eur\nO1,1,2024-03-01,S,5\n",
            "required column quantity is missing",
        ),
        (f"{ORDER_HEADER},sku\n{ORDER},S\n".encode(), "the column sku stands twice"),
        (f"{ORDER_HEADER}\n{ORDER}\n".replace(",", ";").encode(), "dialect.separator: ';'"),
        (b"a,b\n1,2\n", "none of the columns of orders"),
    ],
)
def test_a_file_that_cannot_be_read_stays_in_the_inbox_and_says_why(
    home: Home, put: Put, content: bytes, sentence: str
) -> None:
    path = put("orders", content)
    delivery = taken(home)
    assert delivery.refusal is not None
    assert sentence in delivery.refusal
    assert "file.csv" in delivery.refusal
    assert delivery.is_refused
    assert path.exists()
    assert landed(home, "deliveries") == []


def test_a_missing_column_that_was_misspelt_is_suggested(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER.replace('quantity', 'quantty')}\n{ORDER}\n")
    assert "quantity is missing (is it the column quantty?)" in said(taken(home))


def test_an_unknown_column_is_a_finding_and_the_rows_load(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER},delivred_at\n{ORDER},2024-03-05\n")
    delivery = taken(home)
    assert delivery.findings == (
        "file.csv, line 1: the column delivred_at is unknown and was not read: is it delivered_at?",
    )
    assert delivery.is_refused
    assert delivery.counts[0].rows_loaded == 1


def test_a_header_alone_is_a_delivery_of_nothing(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n")
    delivery = taken(home)
    assert delivery.counts[0].rows_read == 0
    assert not delivery.is_refused
    assert [row[0] for row in landed(home, "deliveries", "rows_read")] == [0]


def test_a_half_written_last_line_is_refused_and_the_rest_loads(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\n{ORDER}\nO2,1,2024-03-0")
    delivery = taken(home)
    assert "file.csv, line 3: the line has fewer than the header's 6 fields" in said(delivery)
    assert (delivery.counts[0].rows_loaded, delivery.counts[0].rows_quarantined) == (1, 1)


def test_a_quote_that_never_closes_hides_no_other_row(home: Home, put: Put) -> None:
    open_quote = 'O2,1,2024-03-01,"SKU,1,5'
    many = "".join(f"N{n},1,2024-03-01,SKU-{n},1,5\n" for n in range(60_000))
    put("orders", f"{ORDER_HEADER}\n{ORDER}\n{open_quote}\n{many}{open_quote}3\nO3,1,2024-03-01,SKU-1,1,5\n")
    delivery = taken(home)
    assert [refusal.file_row for refusal in delivery.refused] == [3, 60_004]
    assert "file.csv, line 3: a double quote opens and is not closed" in said(delivery)
    assert (delivery.counts[0].rows_loaded, delivery.counts[0].rows_quarantined) == (60_002, 2)
    assert landed(home, "orders", "_file_row", "_file_row desc limit 2") == [(60_005,), (60_003,)]


def test_a_separator_too_many_is_refused_by_line(home: Home, put: Put) -> None:
    put("orders", f"{ORDER_HEADER}\nO0,1,2024-03-01,A,B,1,5\n{ORDER}\n")
    assert "file.csv, line 2: the line has more than the header's 6 fields" in said(taken(home))
    assert len(landed(home, "orders")) == 1


def test_a_cut_gzip_loads_its_whole_lines_and_says_so(home: Home, put: Put) -> None:
    rows = "".join(f"O{n},1,2024-03-01,SKU-{n * 7919 % 10007},1,{n}.5\n" for n in range(5000))
    packed = gzip.compress(f"{ORDER_HEADER}\n{rows}".encode())
    put("orders", packed[: len(packed) // 2], "orders.csv.gz")
    delivery = taken(home)
    assert "orders.csv.gz is a cut gzip archive" in said(delivery)
    loaded = delivery.counts[0].rows_loaded
    assert 1000 < loaded < 5000
    assert delivery.counts[0].rows_quarantined == 1
    assert f"line {loaded + 2}: the file is cut in the middle of this line" in said(delivery)


def test_cp1252_without_its_dialect_refuses_the_lines_with_accents_alone(home: Home, put: Put) -> None:
    put("products", "sku,family_code,brand\nA,tondeuse,Stihl\nB,débroussailleuse,Écho\n", encoding="cp1252")
    delivery = taken(home)
    assert "dialect.encoding: cp1252" in said(delivery)
    assert "file.csv, line 3: the line is not UTF-8" in said(delivery)
    assert (delivery.counts[0].rows_loaded, delivery.counts[0].rows_quarantined) == (1, 1)


def test_lines_are_counted_as_an_editor_counts_them(home: Home, put: Put) -> None:
    put(
        "tickets",
        "ticket_id,channel,requested_at,description\n"
        'T1,phone,2024-03-01,"two\nlines"\n'
        "\n"
        "T2,phone,2024-03-01\n"
        "T3,fax,2024-03-01,\n"
        'T4,phone,2024-03-01,"three\n\nlines"\n'
        "T5,phone,2024-03-01,\n",
    )
    delivery = taken(home)
    assert [refusal.file_row for refusal in delivery.refused] == [5, 6]
    assert landed(home, "tickets", "ticket_id, _file_row") == [("T1", 2), ("T4", 7), ("T5", 10)]


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "mixed"])
def test_any_line_end_is_read(home: Home, put: Put, line_end: str) -> None:
    lines = [ORDER_HEADER, ORDER, ORDER.replace("O1", "O2"), ORDER.replace("O1", "O3")]
    text = (
        "\r\n".join(lines[:2]) + "\n" + "\n".join(lines[2:]) if line_end == "mixed" else line_end.join(lines)
    )
    put("orders", text + ("\n" if line_end == "mixed" else line_end))
    assert taken(home).counts[0].rows_loaded == 3
    assert landed(home, "orders", "order_id, _file_row") == [("O1", 2), ("O2", 3), ("O3", 4)]


def test_a_byte_order_mark_is_no_part_of_the_first_column(home: Home, put: Put) -> None:
    put("orders", f"\ufeff{ORDER_HEADER}\n{ORDER}\n")
    assert taken(home).counts[0].rows_loaded == 1


def test_an_archive_that_unpacks_beyond_the_limit_lands_nothing(home: Home, put: Put) -> None:
    from pipelines.feeds import FileRefusedError, take

    path = put("orders", gzip.compress(f"{ORDER_HEADER}\n".encode() + b"\n" * 10_000_000), "bomb.csv.gz")
    with pytest.raises(FileRefusedError, match="unpacks to more than 1,000,000 bytes"):
        take(home, path, "orders", max_inflated_bytes=1_000_000)
    assert path.exists()
    assert landed(home, "deliveries") == []


def test_files_still_being_written_and_hidden_files_wait(home: Home, put: Put) -> None:
    for name in ("orders.csv.part", ".orders.csv"):
        put("orders", "half", name)
    assert take_all(home) == []


def test_a_folder_that_is_no_source_is_named(home: Home, put: Put) -> None:
    put("commandes", f"{ORDER_HEADER}\n{ORDER}\n")
    assert "inbox/commandes/ is not a source: rename the folder to one of products" in said(taken(home))


@pytest.mark.parametrize("name", ["Name", "_skip", "_file_row", "c0", "reason", "ORDER_ID", "filename"])
def test_a_column_that_nobody_reads_may_have_any_name(home: Home, put: Put, name: str) -> None:
    put("orders", f"{ORDER_HEADER},{name}\n{ORDER},x\n")
    delivery = taken(home)
    assert delivery.counts[0].rows_loaded == 1
    assert f"the column {name} is unknown" in said(delivery)
