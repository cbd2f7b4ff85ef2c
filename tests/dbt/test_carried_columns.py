"""The road of a case carries each fact once: every step adds its own columns, and readers join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.home import Home

KEYS = {"ticket_id"}


@pytest.fixture(scope="module")
def build(demo_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build file of the demo."""
    with duckdb.connect(str(demo_home.build_file), read_only=True) as con:
        yield con


def steps(build: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Columns of every intermediate table with exactly one row per ticket."""
    (tickets,) = build.execute("select count(*) from intermediate.int_tickets__linked").fetchone() or (0,)
    found: dict[str, list[str]] = {}
    names = build.execute(
        "select table_name, list(column_name order by column_index) from duckdb_columns() "
        "where schema_name = 'intermediate' and table_name in (select table_name from duckdb_tables()) "
        "group by table_name having list_contains(list(column_name), 'ticket_id')"
    ).fetchall()
    for table, columns in names:
        counts = build.execute(
            f"select count(*), count(distinct ticket_id) from intermediate.{table}"
        ).fetchone()
        if counts == (tickets, tickets):
            found[table] = columns
    return found


def test_a_step_on_the_road_of_a_case_writes_its_key_and_what_it_adds(
    build: duckdb.DuckDBPyConnection,
) -> None:
    tables = steps(build)
    assert len(tables) > 8
    counted = Counter(column for columns in tables.values() for column in columns if column not in KEYS)
    carried = {
        column: sorted(table for table, columns in tables.items() if column in columns)
        for column, times in counted.items()
        if times > 1
    }
    assert not carried, "carried on instead of joined where it is read"
