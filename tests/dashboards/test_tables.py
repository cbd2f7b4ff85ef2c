"""What leaves the pages as CSV runs in no spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl
import pytest

from dashboards.tables import csv_bytes
from dashboards.texts import inert


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    rows = list(
        csv.reader(io.StringIO(csv_bytes(pl.DataFrame({"note": [text]})).decode("utf-8-sig"), newline=""))
    )
    assert rows == [["note"], ["'" + text]]


def test_numbers_dates_and_accents_stay_as_they_are() -> None:
    frame = pl.DataFrame({"n": [-1.5], "day": [date(2026, 1, 2)], "name": ['Été, "chaud"'], "none": [None]})
    rows = list(csv.reader(io.StringIO(csv_bytes(frame).decode("utf-8-sig"))))
    assert rows[1] == ["-1.5", "2026-01-02", 'Été, "chaud"', ""]


@pytest.mark.parametrize(
    "text", ["**b**", "[l](http://x)", "<b>", "`c`", "$x$", ":red[x]", "# h", "a_b_c", "&lt;"]
)
def test_markdown_from_outside_is_escaped_sign_by_sign(text: str) -> None:
    shown = inert(text)
    assert shown.replace("\\", "") == text
    for sign in "*[]()<>`$:#_&":
        assert shown.count(sign) == shown.count("\\" + sign)
