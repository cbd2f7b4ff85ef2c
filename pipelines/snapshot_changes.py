"""What changes when a snapshot replaces another: rows of each table, the value of each measure, both sides.

Belongs here: `meta.changes`, its history, what counts as unusual. Does not belong here: why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

COLUMNS = {
    "build_id": ("varchar", "Build whose file replaced another."),
    "replaced_build_id": ("varchar", "Build of the file that was replaced."),
    "finished_at": ("timestamp", "UTC moment at which the newer build was green."),
    "kind": ("varchar", "rows: rows of a table; measure: value of a declared measure over everything."),
    "name": ("varchar", "The table of schema marts, or mart.measure."),
    "value_before": ("double", "Rows or value in the replaced file; empty where it had none."),
    "value_now": ("double", "Rows or value in this file."),
    "step": ("double", "Change as a share of the value before; empty where there was none, or zero."),
    "usual_step": ("double", "Median size of the steps before; empty until five are known."),
    "is_unusual": ("boolean", "A table that lost rows, or a step of more than four usual ones."),
}
DESCRIPTION = (
    "One row per table or measure and replaced file: what changed when this one came, or one before."
)
# Replacements remembered, and how many a usual step rests on at least.
REMEMBERED = 40
LEAST_STEPS = 5
UNUSUAL_STEPS = 4
# Below this a step is rounding.
SMALLEST_STEP = 1e-6


def changes(
    con: duckdb.DuckDBPyConnection,
    previous: Path | None,
    build_id: str,
    finished_at: datetime,
    measures: Sequence[tuple[Any, ...]],
) -> list[tuple[Any, ...]]:
    """Rows for `meta.changes` of the file in use (catalogue `snapshot`): history first, then this build's.

    `measures`: mart, name, numerator and denominator first, as the marts declare them. A first file, or one
    after a file that cannot be read, has no change to tell.
    """
    if previous is None:
        return []
    try:
        con.execute(f"attach '{str(previous).replace(chr(39), chr(39) * 2)}' as before (read_only)")
    except duckdb.Error:
        return []
    try:
        replaced = _asked(con, "select build_id from before.meta.build")
        if not replaced:
            return []
        history = _history(con)
        steps: dict[tuple[str, str], list[float]] = {}
        for row in history:
            if row[7] is not None:
                steps.setdefault((row[3], row[4]), []).append(abs(row[7]))
        told = [
            (
                build_id,
                replaced[0][0],
                finished_at,
                kind,
                name,
                *_judged(kind, before, now, steps.get((kind, name), [])),
            )
            for kind, name, before, now in _compared(con, measures)
        ]
        return [*history, *told]
    finally:
        con.execute("detach before")


def _judged(kind: str, before: float | None, now: float | None, steps: list[float]) -> tuple[Any, ...]:
    step = (now - before) / abs(before) if before and now is not None else None
    usual = median(steps) if len(steps) >= LEAST_STEPS else None
    has_shrunk = kind == "rows" and step is not None and step < 0
    is_far = usual is not None and step is not None and abs(step) > max(SMALLEST_STEP, UNUSUAL_STEPS * usual)
    return before, now, step, usual, has_shrunk or is_far


def _compared(
    con: duckdb.DuckDBPyConnection, measures: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[str, str, float | None, float | None]]:
    tables = _asked(
        con,
        "select table_name from duckdb_tables() where database_name = 'snapshot' and schema_name = 'marts' "
        "order by table_name",
    )
    for (table,) in tables:
        counts = [
            _one(con, f"select count(*) from {catalogue}.marts.{table}")
            for catalogue in ("before", "snapshot")
        ]
        yield "rows", table, counts[0], counts[1]
    for mart, name, numerator, denominator, *_ in measures:
        value = f"cast({numerator} as double)"
        if denominator:
            value += f" / nullif(cast({denominator} as double), 0)"
        values = [
            _one(con, f"select {value} from {catalogue}.marts.{mart}") for catalogue in ("before", "snapshot")
        ]
        yield "measure", f"{mart}.{name}", values[0], values[1]


def _history(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    names = ", ".join(COLUMNS)
    kept = (
        "select build_id from before.meta.changes group by build_id "
        f"order by max(finished_at) desc limit {REMEMBERED}"
    )
    return _asked(
        con,
        f"select {names} from before.meta.changes where build_id in ({kept}) "
        "order by finished_at, kind, name",
    )


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> float | None:
    found = _asked(con, sql)
    return float(found[0][0]) if found and found[0][0] is not None else None


def _asked(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The answer; nothing where the older file lacks what is asked."""
    try:
        return con.execute(sql).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.InvalidInputException):
        # The last: a missing table that is called as something of this module is looked for in Python.
        return []
