"""Tables: the grid below a chart and its download, with text from outside made inert."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboards import exports, fields
from dashboards.data import ask, visitor
from dashboards.fields import Field
from dashboards.texts import language, sentence, t
from dashboards.url_state import filters_in_words
from pipelines.home import Home
from pipelines.queries.build_facts import build_facts, definitions
from pipelines.queries.formats import day
from pipelines.queries.words import code_label
from pipelines.roles import record_download

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Excel holds 1,048,576 rows; a file handed out by a page stays far below.
FILE_ROWS = 200_000


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


def with_sentences(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """The frame with sentences of the published file in the reader's language."""
    lang = language()
    known = [name for name in columns if name in frame.columns]
    return frame.with_columns(
        pl.col(name).map_elements(lambda text: sentence(text, lang), return_dtype=pl.String) for name in known
    )


def with_codes_read(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame whose evidence names its codes (`done: repaired`) as people read them."""
    lang = language()
    return frame.with_columns(
        pl.col(column).map_elements(
            lambda text: re.sub(r"(?<=: )[a-z_]+(?= ?;|$)", lambda code: code_label(code[0], lang), text),
            return_dtype=pl.String,
        )
    )


def grid(
    frame: pl.DataFrame,
    columns: Mapping[str, Field | str],
    alt: str,
    key: str | None = None,
    height: int | None = None,
    name: str | None = None,
    whole: pl.DataFrame | None = None,
) -> int | None:
    """A read-only grid of the named columns. With a key a row can be picked: returns its position.

    With a name the table can be taken away as a file; `whole` where the grid shows only a part of it.
    """
    known = fields.declared(frame, columns)
    options: dict[str, Any] = {
        "hide_index": True,
        "column_config": fields.configured(known),
        "placeholder": "–",
        "alt": alt,
        # Short tables show all their rows, long ones scroll.
        "height": height or ("content" if frame.height <= 25 else "auto"),
    }
    shown = fields.displayed(frame, known, language())
    picked = None
    if key is None:
        st.dataframe(shown, **options)
    else:
        state = st.dataframe(shown, **options, key=key, on_select="rerun", selection_mode="single-row")
        rows = state["selection"]["rows"]
        picked = rows[0] if rows and rows[0] < frame.height else None
    if name is not None:
        _download(frame if whole is None else whole, known, name, alt)
    return picked


def _download(frame: pl.DataFrame, columns: Mapping[str, Field], name: str, title: str) -> None:
    """The buttons that hand out the table, as a workbook and as CSV."""
    lang = language()
    kept = frame.head(FILE_ROWS)
    # Read here: the files are made on a thread that knows no session.
    notes = _notes(title, kept.height, frame.height)
    handed_out = partial(record_download, Home.at(), visitor())

    def workbook() -> bytes:
        handed_out(f"{name}.xlsx", kept.height)
        return exports.xlsx_bytes(kept, columns, notes, lang)

    def text() -> bytes:
        handed_out(f"{name}.csv", kept.height)
        return exports.csv_bytes(kept, columns, lang)

    files = {"xlsx": (XLSX, workbook), "csv": ("text/csv", text)}
    with st.container(horizontal=True):
        for ending, (mime, data) in files.items():
            st.download_button(
                t(f"download_{ending}"),
                data=data,
                file_name=f"{name}.{ending}",
                mime=mime,
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key=f"{ending}_{name}",
            )


def _notes(title: str, rows: int, of: int) -> exports.Notes:
    lang = language()
    build = ask(build_facts)
    about = [
        (t("file_table"), title),
        *((t("file_filter"), f"{label}: {value}") for label, value in filters_in_words().items()),
        (t("file_as_of"), day(build.as_of, lang)),
        (t("file_built"), f"{day(build.finished_at, lang)} {build.finished_at:%H:%M} UTC"),
        (t("file_snapshot"), build.build_id),
        (t("file_rows"), str(rows) if rows == of else t("file_rows_cut", rows=rows, all=of)),
        (t("file_units"), t("file_units_note")),
    ]
    meanings = [(word, sentence(meaning) or "") for word, meaning in ask(definitions, lang)]
    return exports.Notes(t("sheet_data"), t("sheet_about"), t("sheet_definitions"), about, meanings)


@contextmanager
def matrix_or_table(
    frame: pl.DataFrame, columns: Mapping[str, Field | str], name: str, alt: str
) -> Generator[None]:
    """What is drawn inside is for wide screens; on a phone its table stands there instead."""
    with st.container(key=f"wide-{name}"):
        yield
        behind(frame, columns, name, alt)
    with st.container(key=f"narrow-{name}"):
        grid(frame, columns, alt)


def behind(
    frame: pl.DataFrame, columns: Mapping[str, Field | str], name: str, alt: str, sql: str | None = None
) -> None:
    """The folded table behind a chart, with its download and the SQL that gives its numbers."""
    with st.expander(t("table_behind"), icon=":material/table_rows:"):
        grid(frame, columns, alt, name=name)
        if sql is not None:
            st.code(sql, language="sql")
            st.caption(t("how_snapshot", build=ask(build_facts).build_id))
