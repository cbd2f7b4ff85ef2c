"""The state file keeps what it was told, for its owner alone, over every version of its tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.state import StateError, Tables, entries, opened, record

FIRST = Tables("things", ("create table things (name text primary key) strict",))
SECOND = Tables("things", (*FIRST.steps, "alter table things add column weight_kg real"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_what_was_written_is_there_the_next_time(home: Home) -> None:
    with opened(home, FIRST) as connection:
        connection.execute("insert into things values ('saw')")
    with opened(home, FIRST) as connection:
        assert [row["name"] for row in connection.execute("select * from things")] == ["saw"]


def test_an_older_file_is_brought_up_to_date_with_its_rows(home: Home) -> None:
    with opened(home, FIRST) as connection:
        connection.execute("insert into things values ('saw')")
    with opened(home, SECOND) as connection:
        assert [tuple(row) for row in connection.execute("select * from things")] == [("saw", None)]


def test_a_file_of_a_newer_version_is_refused_in_words(home: Home) -> None:
    with opened(home, SECOND):
        pass
    with pytest.raises(StateError, match="newer Savoir"), opened(home, FIRST):
        pass


def test_an_error_inside_the_block_undoes_all_of_it(home: Home) -> None:
    with opened(home, FIRST):
        pass
    with pytest.raises(sqlite3.IntegrityError), opened(home, FIRST) as connection:
        connection.executemany("insert into things values (?)", [("saw",), ("saw",)])
    with opened(home, FIRST) as connection:
        assert connection.execute("select count(*) from things").fetchone()[0] == 0


def test_a_failed_migration_leaves_the_file_as_it_was(home: Home) -> None:
    broken = Tables("things", (*FIRST.steps, "create table more (id)", "no sql at all"))
    with pytest.raises(StateError), opened(home, broken):
        pass
    with opened(home, FIRST) as connection:
        assert not connection.execute("select 1 from sqlite_master where name = 'more'").fetchall()


def test_only_the_owner_may_read_it(home: Home) -> None:
    with opened(home, FIRST) as connection:
        connection.execute("insert into things values ('saw')")
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.state.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert home.state.parent.stat().st_mode & 0o777 == 0o700


def test_a_deleted_row_leaves_no_bytes(home: Home) -> None:
    with opened(home, FIRST) as connection:
        connection.execute("insert into things values ('a name that must go')")
    with opened(home, FIRST) as connection:
        connection.execute("delete from things")
    assert b"must go" not in home.state.read_bytes()


def test_a_file_that_is_no_database_is_refused_and_kept(home: Home) -> None:
    home.state.parent.mkdir(parents=True)
    home.state.write_text("not a database, but somebody's notes " * 50)
    with pytest.raises(StateError, match="restore a backup"), opened(home, FIRST):
        pass
    assert home.state.read_text().startswith("not a database")


def test_the_log_is_read_in_the_order_it_was_written(home: Home) -> None:
    record(home, "sign_in", "role analyst", "someone")
    record(home, "export", "fct_claims.csv", "someone")
    assert [(entry.action, entry.detail) for entry in entries(home)] == [
        ("sign_in", "role analyst"),
        ("export", "fct_claims.csv"),
    ]
    assert [entry.detail for entry in entries(home, "export")] == ["fct_claims.csv"]


def test_sqlite_here_can_do_strict_tables() -> None:
    assert sqlite3.sqlite_version_info >= (3, 37)
