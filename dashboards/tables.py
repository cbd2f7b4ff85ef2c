"""Tables: the grid below a chart and its download, with text from outside made inert."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboards.texts import language, t
from pipelines.queries.words import code_label

# A spreadsheet runs a cell that begins like this; an apostrophe in front turns it into text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def with_labels(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The frame with codes replaced by what people read; what the frame lacks is left out."""
    # Read here: polars calls back on threads that know no session, hence no language.
    lang = language()
    return frame.with_columns(
        pl.col(name).map_elements(
            lambda code: code_label(code, lang), return_dtype=pl.String, skip_nulls=name == "family_code"
        )
        for name in columns
        if name in frame.columns
    )


def with_texts(frame: pl.DataFrame, column: str, beginning: str, to: str) -> pl.DataFrame:
    """The frame with a column `to` that holds the catalogue's text `<beginning><code>` for each code."""
    texts = {code: t(beginning + code) for code in frame[column].drop_nulls().unique()}
    return frame.with_columns(pl.col(column).replace_strict(texts, return_dtype=pl.String).alias(to))


def inert_cell(value: object) -> object:
    """The value, or the text that no spreadsheet will run."""
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """The table as CSV, UTF-8 with a byte-order mark so that Excel reads the accents."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(frame.columns)
    for row in frame.iter_rows():
        writer.writerow([inert_cell(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def grid(
    frame: pl.DataFrame,
    columns: Mapping[str, Any],
    alt: str,
    key: str | None = None,
    height: int | None = None,
) -> int | None:
    """A read-only grid of the named columns. With a key a row can be picked: returns its position."""
    shown = frame.select([name for name in columns if name in frame.columns])
    options: dict[str, Any] = {
        "hide_index": True,
        "column_config": dict(columns),
        "placeholder": "–",
        "alt": alt,
        # Short tables show all their rows, long ones scroll.
        "height": height or ("content" if frame.height <= 25 else "auto"),
    }
    if key is None:
        st.dataframe(shown, **options)
        return None
    state = st.dataframe(shown, **options, key=key, on_select="rerun", selection_mode="single-row")
    rows = state["selection"]["rows"]
    return rows[0] if rows and rows[0] < frame.height else None


def download(frame: pl.DataFrame, name: str) -> None:
    """The button that hands out the table as CSV."""
    st.download_button(
        t("download_csv"),
        data=lambda: csv_bytes(frame),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"csv_{name}",
    )


def behind(frame: pl.DataFrame, columns: Mapping[str, Any], name: str, alt: str) -> None:
    """The folded table behind a chart, with its download."""
    with st.expander(t("table_behind"), icon=":material/table_rows:"):
        grid(frame, columns, alt)
        download(frame, name)
