"""One statement in a child process: what it may ask, what it may not, and what stops it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.analysts import Limits, SqlError, answer
from pipelines.analysts.prompt import statements, written
from pipelines.home import Home
from pipelines.queries.snapshot import snapshot_path


@pytest.fixture(scope="module")
def snapshot(small_home: Home) -> Path:
    return snapshot_path(small_home)


def test_rows_come_back_with_their_types(snapshot: Path) -> None:
    found = answer(
        snapshot, "select 1::bigint as n, 1.10::decimal(18,2) as eur, date '2026-10-31' as day, 'é' as t"
    )
    row = found.rows.row(0, named=True)
    assert (row["n"], str(row["eur"]), row["day"], row["t"]) == (1, "1.10", date(2026, 10, 31), "é")


def test_tables_need_no_schema(snapshot: Path) -> None:
    assert answer(snapshot, "select count(*) as n from fct_claims").rows.item() > 100
    assert "fct_claims" in answer(snapshot, "show tables").rows["name"].to_list()


def test_more_rows_than_the_limit_are_cut_and_said(snapshot: Path) -> None:
    cut = answer(snapshot, "from range(50)", Limits(rows=10))
    assert (cut.rows.height, cut.is_cut) == (10, True)
    whole = answer(snapshot, "from range(10)", Limits(rows=10))
    assert (whole.rows.height, whole.is_cut) == (10, False)


FORBIDDEN = {
    "select * from read_csv('/etc/passwd')": "disabled by configuration",
    "select * from read_text('/etc/hostname')": "disabled by configuration",
    "select * from '/etc/passwd'": "",
    "select * from glob('/*')": "disabled by configuration",
    "copy (select 1) to '/tmp/savoir-never.csv'": "read-only",
    "attach '/tmp/savoir-never.duckdb'": "read-only",
    "create table x as select 1": "read-only",
    "delete from marts.fct_claims": "read-only",
    "insert into marts.dim_products (sku) values ('x')": "read-only",
    "set enable_external_access = true": "read-only",
    "pragma enable_external_access": "",
    "pragma memory_limit='100GB'": "",
    "install httpfs": "read-only",
    "load httpfs": "read-only",
    "select 1; delete from marts.fct_claims": "One statement at a time, this is 2",
    "": "One statement at a time, this is 0",
    "selec 1": "syntax error",
    "select getenv('HOME')": "getenv",
}


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_nothing_but_reading_is_answered(snapshot: Path, sql: str) -> None:
    with pytest.raises(SqlError) as told:
        answer(snapshot, sql)
    assert FORBIDDEN[sql] in str(told.value)


def test_a_statement_without_end_is_stopped(snapshot: Path) -> None:
    # Small tables joined again and again: time without end, in little memory.
    joined = "range(30000) a, range(30000) b, range(30000) c"
    endless = f"select count(*) from {joined} where a.range * b.range % 7 = c.range"
    with pytest.raises(SqlError, match="took longer than 2 seconds"):
        answer(snapshot, endless, Limits(seconds=2))


def test_a_statement_that_needs_too_much_memory_is_stopped(snapshot: Path) -> None:
    greedy = "select list(range) from range(200000000)"
    with pytest.raises(SqlError, match="memory"):
        answer(snapshot, greedy, Limits(memory_mb=100))


def test_the_prompt_puts_lines_together_until_a_semicolon() -> None:
    typed = iter(["select 1", "as a;", "", "select 2;"])
    assert list(statements(typed)) == ["select 1\nas a;"]
    assert list(statements(iter(["select 1"]))) == ["select 1"]


def test_an_answer_is_written_for_eyes_and_for_programs(snapshot: Path) -> None:
    rows = answer(snapshot, "select 'a,b' as t, 2 as n").rows
    assert written(rows, "csv") == 't,n\n"a,b",2'
    assert written(rows, "json") == '[{"t":"a,b","n":2}]'
    assert "a,b" in written(rows, "table")
