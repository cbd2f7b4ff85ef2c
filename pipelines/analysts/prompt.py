"""`savoir sql`: a prompt on the published file, or one statement and its answer.

Does not belong here: the limits of a statement (`limited`).
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from pipelines.analysts.limited import Limits, SqlError, answer

FORMS = ("table", "csv", "json")
_WELCOME = (
    "Reads {name}. A statement ends with ; and an empty line or Ctrl-D ends the prompt. `show tables;` lists."
)


def written(rows: pl.DataFrame, form: str) -> str:
    """The rows as text: a table for eyes, CSV or JSON for programs."""
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(rows.columns)
        writer.writerows(rows.iter_rows())
        return text.getvalue().rstrip("\n")
    if form == "json":
        return rows.write_json()
    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
        fmt_str_lengths=60, tbl_width_chars=200, tbl_formatting="MARKDOWN", fmt_float="full",
    ):  # fmt: skip
        return str(rows)


def ask_once(snapshot: Path, sql: str, form: str, limits: Limits, say: Callable[[str], None]) -> str:
    """The answer to one statement; a sentence to `say` where it was cut."""
    found = answer(snapshot, sql, limits)
    if found.is_cut:
        say(f"Only the first {limits.rows:,} rows: --rows shows more.")
    return written(found.rows, form)


def converse(
    snapshot: Path,
    lines: Iterator[str],
    form: str,
    limits: Limits,
    show: Callable[[str], None],
    say: Callable[[str], None],
) -> None:
    """Answer statement after statement; a wrong one is a sentence, not the end."""
    say(_WELCOME.format(name=snapshot.name))
    for sql in statements(lines):
        try:
            show(ask_once(snapshot, sql, form, limits, say))
        except SqlError as error:
            say(str(error))


def statements(lines: Iterator[str]) -> Iterator[str]:
    """Lines put together until a `;` at the end of one; an empty line where none has begun ends it."""
    begun: list[str] = []
    for line in lines:
        if not line.strip() and not begun:
            return
        begun.append(line)
        if line.rstrip().endswith(";"):
            yield "\n".join(begun)
            begun = []
    if begun:
        yield "\n".join(begun)


def typed_lines() -> Iterator[str]:
    """What is typed, with history and editing where the terminal has them."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401
    while True:
        try:
            yield input("savoir> ")
        except (EOFError, KeyboardInterrupt):
            return
