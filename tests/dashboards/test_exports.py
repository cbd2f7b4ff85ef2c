"""What leaves the pages as a file opens by a double click, says what it holds, and runs in no spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from dashboards import fields
from dashboards.exports import Notes, csv_bytes, xlsx_bytes
from dashboards.fields import Field

NOTES = Notes("Data", "About", "Definitions", [("Data up to", "31 Oct 2026")], [("Claims", "=1+1")])
COLUMNS: dict[str, Field] = {
    "ticket": fields.text("Ticket"),
    "claims": fields.number("Claims"),
    "rate": fields.percent("Failure rate"),
    "cost": fields.euro("Net cost"),
    "asked": fields.day("Asked on"),
    "open": fields.flag("Open"),
}
FRAME = pl.DataFrame(
    {
        "ticket": ["T1;a", "=2+3", None],
        "claims": [7, -3, None],
        "rate": [1e-09, 0.0342, None],
        "cost": [Decimal("31383.57"), Decimal("-0.50"), None],
        "asked": [date(2026, 1, 2), None, None],
        "open": [True, False, None],
        "unnamed": ["a", "b", "c"],
    }
)


def read(content: bytes, delimiter: str) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "without the mark Excel reads the accents wrong"
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, delimiter=delimiter))


def test_a_french_csv_opens_in_a_french_spreadsheet() -> None:
    assert read(csv_bytes(FRAME, COLUMNS, "fr"), ";") == [
        ["Ticket", "Claims", "Failure rate (part)", "Net cost (EUR)", "Asked on", "Open"],
        ["T1;a", "7", "0,000000001", "31383,57", "2026-01-02", "Oui"],
        ["'=2+3", "-3", "0,0342", "-0,50", "", "Non"],
        [""] * 6,
    ]


def test_an_english_csv_opens_in_an_english_spreadsheet() -> None:
    rows = read(csv_bytes(FRAME, COLUMNS, "en"), ",")
    assert rows[0][2] == "Failure rate (share)"
    assert rows[1] == ["T1;a", "7", "0.000000001", "31383.57", "2026-01-02", "Yes"]


@pytest.mark.parametrize("value", [1e16, 1e-9, 123456789.123, -2.5e-7, 1e300, 0.0])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_number_is_written_with_an_exponent_and_none_loses_a_digit(value: float, language: str) -> None:
    frame = pl.DataFrame({"n": [value]})
    delimiter = {"en": ",", "fr": ";"}[language]
    cell = read(csv_bytes(frame, {"n": fields.number("N")}, language), delimiter)[1][0]
    assert "e" not in cell.lower()
    assert float(cell.replace(",", ".")) == value


def test_what_is_no_number_is_an_empty_cell() -> None:
    frame = pl.DataFrame({"n": [float("nan"), float("inf"), 1.0]})
    assert read(csv_bytes(frame, {"n": fields.number("N")}, "fr"), ";")[1:] == [[""], [""], ["1,0"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str, language: str) -> None:
    frame = pl.DataFrame({"note": [text]})
    rows = read(csv_bytes(frame, {"note": fields.text(text)}, language), {"en": ",", "fr": ";"}[language])
    assert rows == [["'" + text], ["'" + text]]


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}


def test_a_workbook_holds_numbers_as_numbers_and_no_formula() -> None:
    book = parts(xlsx_bytes(FRAME, COLUMNS, NOTES, "en"))
    data = book["xl/worksheets/sheet1.xml"]
    assert "<f>" not in "".join(book.values())
    assert "<v>31383.57</v>" in data
    assert "<v>0.0342</v>" in data
    assert "<v>46024</v>" in data, "the second of January 2026, in days since 1900"
    for name in ("Data", "About", "Definitions"):
        assert f'name="{name}"' in book["xl/workbook.xml"]
    texts = book["xl/sharedStrings.xml"]
    for text in ("Net cost (EUR)", "Failure rate (share)", "Data up to", "=2+3", "=1+1"):
        assert text in texts
    assert 'formatCode="0.0%"' in book["xl/styles.xml"]


def test_a_workbook_of_nothing_opens() -> None:
    book = parts(xlsx_bytes(FRAME.clear(), COLUMNS, NOTES, "fr"))
    assert "Net cost (EUR)" in book["xl/sharedStrings.xml"]
