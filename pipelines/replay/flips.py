"""The list of claims that a replay moves, as CSV that no spreadsheet will run."""

from __future__ import annotations

import csv
import io

import polars as pl

# A spreadsheet runs a cell that begins like this; an apostrophe in front turns it into text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def flips_csv(moved: pl.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, so that Excel reads the accents."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(moved.columns)
    for row in moved.iter_rows():
        writer.writerow(
            "'" + cell if isinstance(cell, str) and cell.lstrip().startswith(_FORMULA_STARTS) else cell
            for cell in row
        )
    return text.getvalue().encode("utf-8-sig")
