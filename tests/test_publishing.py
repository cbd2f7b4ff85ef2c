"""A snapshot holds what readers may see, appears in one step, and never disturbs who reads the one before."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.publishing import Build, PublishError, content_hashes, publish

MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "savoir"},
    "docs": {
        "doc.savoir.claim": {"name": "claim", "package_name": "savoir", "block_contents": " A ticket. \n"},
        "doc.dbt.__overview__": {
            "name": "__overview__",
            "package_name": "dbt",
            "block_contents": "dbt's own",
        },
    },
    "nodes": {
        "model.savoir.fct_claims": {
            "resource_type": "model",
            "schema": "marts",
            "alias": "fct_claims",
            "description": "One row per ticket; the customer's words stay out.",
            "columns": {"ticket_id": {"description": "The ticket's key."}},
            "config": {
                "meta": {
                    "measures": [
                        {
                            "name": "failure_share",
                            "numerator": "count(*) filter (is_failure)",
                            "denominator": "count(*)",
                            "kind": "share",
                            "format": "percent",
                            "interval": "wilson",
                            "label": {"en": "Failures", "fr": "Pannes"},
                            "definition": "Claims with cause defect.",
                        }
                    ]
                }
            },
        },
        "model.savoir.deliveries": {
            "resource_type": "model",
            "schema": "meta",
            "alias": "deliveries",
            "description": "One row per delivery.",
            "columns": {},
            "config": {},
        },
        "model.savoir.int_secret": {
            "resource_type": "model",
            "schema": "intermediate",
            "alias": "int_secret",
            "description": "Private.",
            "columns": {},
            "config": {},
        },
    },
}


def build(number: int) -> Build:
    moment = datetime(2026, 10, 31, 5, 0, number, tzinfo=UTC).replace(tzinfo=None)
    return Build(f"20261031T0500{number:02d}", date(2026, 10, 31), None, "abc1234", moment, moment, 12, 1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.at(tmp_path).make()
    with duckdb.connect(str(home.build_file)) as con:
        con.execute("create schema marts; create schema meta; create schema intermediate")
        con.execute(
            "create table marts.fct_claims as"
            " select 't' || i as ticket_id, i % 3 = 0 as is_failure from range(100) r(i)"
        )
        con.execute("create table marts.fct_of_a_deleted_model as select 1 as x")
        con.execute("create view meta.deliveries as select 'orders' as feed, 3::bigint as rows_read")
        con.execute("create table intermediate.int_secret as select 'private' as word")
    return home


def rows(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.current.resolve()), read_only=True) as con:
        return con.execute(query).fetchall()


def test_a_snapshot_holds_the_public_models_and_nothing_else(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    tables = rows(home, "select schema_name || '.' || table_name from duckdb_tables() order by all")
    assert [name for (name,) in tables] == [
        "marts.fct_claims",
        "meta.build",
        "meta.changes",
        "meta.columns",
        "meta.deliveries",
        "meta.glossary",
        "meta.measures",
    ]
    assert rows(home, "select count(*) from marts.fct_claims") == [(100,)]
    assert rows(home, "select count(*) from duckdb_views() where not internal") == [(0,)]


def grown(home: Home, number: int, claims: int, failing: int) -> list[tuple[Any, ...]]:
    """Publish once more, so many claims of which every `failing`th is a failure; what the file says of it."""
    with duckdb.connect(str(home.build_file)) as con:
        con.execute("delete from marts.fct_claims")
        con.execute(
            "insert into marts.fct_claims select 't' || i, i % $1 = 0 from range($2) r(i)", [failing, claims]
        )
    publish(home, MANIFEST, build(number))
    return rows(
        home,
        "select kind, name, value_before, value_now, is_unusual, replaced_build_id from meta.changes "
        "where build_id = (select build_id from meta.build) order by kind, name",
    )


def test_a_file_says_what_changed_when_it_replaced_another(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    assert rows(home, "select count(*) from meta.changes") == [(0,)]
    assert grown(home, 2, 120, 4) == [
        ("measure", "fct_claims.failure_share", 0.34, 0.25, False, "20261031T050001"),
        ("rows", "fct_claims", 100.0, 120.0, False, "20261031T050001"),
    ]


def test_a_table_that_loses_rows_is_unusual_at_once(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    assert ("rows", "fct_claims", 100.0, 99.0, True, "20261031T050001") in grown(home, 2, 99, 3)


def test_a_step_of_more_than_four_usual_ones_is_unusual(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    for number in range(2, 8):
        assert not any(row[4] for row in grown(home, number, 100 + number, 3))
    assert [row[4] for row in grown(home, 8, 113, 3) if row[0] == "rows"] == [True]


def test_descriptions_travel_as_comments(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    assert rows(home, "select comment from duckdb_tables() where table_name = 'fct_claims'") == [
        ("One row per ticket; the customer's words stay out.",)
    ]
    assert rows(home, "select comment from duckdb_columns() where column_name = 'ticket_id'") == [
        ("The ticket's key.",)
    ]
    assert rows(home, "select description from meta.columns where column_name = 'ticket_id'") == [
        ("The ticket's key.",)
    ]


def test_every_table_and_column_of_the_demo_says_what_it_is(demo_home: Home) -> None:
    silent = "select table_name, null from duckdb_tables() where comment is null union all "
    silent += "select table_name, column_name from duckdb_columns() where comment is null and not internal"
    assert rows(demo_home, silent) == []


def test_meta_tells_the_build_its_measures_and_the_glossary(home: Home) -> None:
    publish(home, MANIFEST, build(1))
    assert rows(home, "select build_id, as_of, git_commit, checks_passed, checks_warned from meta.build") == [
        ("20261031T050001", date(2026, 10, 31), "abc1234", 12, 1)
    ]
    assert rows(home, 'select mart, name, denominator, "interval", label_fr from meta.measures') == [
        ("fct_claims", "failure_share", "count(*)", "wilson", "Pannes")
    ]
    assert rows(home, "select term, text from meta.glossary") == [("claim", "A ticket.")]


def test_a_snapshot_is_read_only_and_leaves_no_other_file(home: Home) -> None:
    snapshot = publish(home, MANIFEST, build(1))
    assert stat.S_IMODE(snapshot.stat().st_mode) == 0o444
    assert {path.name for path in home.published.iterdir()} == {snapshot.name, "current.duckdb"}


def test_the_snapshot_is_stored_in_the_format_that_older_readers_open(home: Home) -> None:
    snapshot = publish(home, MANIFEST, build(1))
    with duckdb.connect() as con:
        con.execute(f"attach '{snapshot}' as snapshot (read_only)")
        tags = con.execute("select tags from duckdb_databases() where database_name = 'snapshot'").fetchone()
    assert tags is not None
    assert tags[0]["storage_version"].startswith("v1.2.0")


def test_the_link_moves_to_the_newest_and_the_last_three_are_kept(home: Home) -> None:
    for number in range(1, 6):
        publish(home, MANIFEST, build(number))
    names = sorted(path.name for path in home.published.glob("savoir-*"))
    assert names == [f"savoir-20261031T0500{number:02d}.duckdb" for number in (3, 4, 5)]
    assert home.current.readlink() == Path(names[-1])


def test_a_publish_that_fails_leaves_the_last_snapshot_in_place(home: Home) -> None:
    first = publish(home, MANIFEST, build(1))
    with duckdb.connect(str(home.build_file)) as con:
        con.execute("drop table marts.fct_claims")
    with pytest.raises(
        PublishError, match=r'marts."fct_claims" is in the dbt project but not in the build file'
    ):
        publish(home, MANIFEST, build(2))
    assert home.current.resolve() == first
    assert rows(home, "select count(*) from marts.fct_claims") == [(100,)]


def test_another_process_reads_through_every_publish_without_an_error(home: Home) -> None:
    """The reader opens the link afresh each time, as pages do; it sees builds whole, and only newer ones."""
    publish(home, MANIFEST, build(0))
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(home.current)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for number in range(1, 21):
        with duckdb.connect(str(home.build_file)) as con:
            con.execute(f"insert into marts.fct_claims values ('extra {number}', false)")
        publish(home, MANIFEST, build(number))
    output, _ = reader.communicate("stop\n", timeout=60)
    assert reader.returncode == 0, output
    reads, builds = (int(word) for word in output.split())
    assert reads > builds > 1


READER = """
import select, sys
from pathlib import Path
import duckdb
link, reads, seen = Path(sys.argv[1]), 0, []
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    with duckdb.connect(str(link.resolve()), read_only=True) as con:
        build, claims = con.execute(
            "select (select build_id from meta.build), (select count(*) from marts.fct_claims)"
        ).fetchone()
    assert claims == 100 + int(build[-2:]), (build, claims)
    assert not seen or build >= seen[-1], (build, seen[-1])
    seen.append(build)
    reads += 1
print(reads, len(set(seen)))
"""


def test_content_hashes_ignore_row_order_but_no_value_no_duplicate_and_no_type(tmp_path: Path) -> None:
    def hash_of(query: str) -> str:
        path = tmp_path / "x.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as con:
            con.execute(f"create schema marts; create table marts.t as {query}")
        return content_hashes(path)["marts.t"]

    rows_up = "select i, i::double / 3 as x from range(1000) r(i) order by i"
    base = hash_of(rows_up)
    assert hash_of("select i, i::double / 3 as x from range(1000) r(i) order by i desc") == base
    assert hash_of("select i, i::double / 3 + 1e-15 as x from range(1000) r(i)") != base
    assert (
        hash_of(f"({rows_up}) union all (select 1, 1::double / 3) union all (select 1, 1::double / 3)")
        != base
    )
    assert hash_of("select i::integer as i, i::double / 3 as x from range(1000) r(i)") != base
    assert hash_of("select i as j, i::double / 3 as x from range(1000) r(i)") != base
