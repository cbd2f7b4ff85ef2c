"""The list of claims that a replay moves, as CSV that no spreadsheet will run."""

from __future__ import annotations

import io

import polars as pl

# A spreadsheet runs a cell that begins like this; an apostrophe in front turns it into text.
_FORMULA = r"^\s*[=+\-@\t\r]"


def flips_csv(moved: pl.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, so that Excel reads the accents."""
    text = pl.col(pl.String)
    inert = pl.when(text.str.contains(_FORMULA)).then(pl.lit("'") + text).otherwise(text).name.keep()
    out = io.BytesIO()
    moved.with_columns(inert).write_csv(out, include_bom=True, line_terminator="\r\n")
    return out.getvalue()
