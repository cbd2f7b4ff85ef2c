"""Opening what is published: friendly when it is missing, never a mixture of two snapshots."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from pipelines.home import Home
from pipelines.queries.build_facts import build_facts
from pipelines.queries.snapshot import SnapshotMissingError, open_snapshot, snapshot_path


def test_a_home_without_a_snapshot_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(SnapshotMissingError, match="savoir build"):
        open_snapshot(Home.at(tmp_path))


def test_a_link_to_nothing_is_a_missing_snapshot(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "current.duckdb").symlink_to("gone.duckdb")
    with pytest.raises(SnapshotMissingError, match="savoir build"):
        snapshot_path(Home.at(tmp_path))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "savoir-1.duckdb").write_text("not a database")
    (tmp_path / "published" / "current.duckdb").symlink_to("savoir-1.duckdb")
    with pytest.raises(SnapshotMissingError, match=r"savoir-1\.duckdb cannot be read"):
        open_snapshot(Home.at(tmp_path))


def test_the_snapshot_is_read_only(small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        snapshot.rows("create table marts.mine as select 1 as one")
    snapshot.close()


def test_a_publish_does_not_touch_an_open_snapshot_and_the_next_opening_sees_it(
    tmp_path: Path, small_home_builder: ModuleType
) -> None:
    home = Home.at(tmp_path)
    small_home_builder.make(tmp_path, "savoir-1.duckdb", 50)
    before = open_snapshot(home)
    small_home_builder.make(tmp_path, "savoir-2.duckdb", 50, date(2026, 11, 30))
    after = open_snapshot(home)
    assert (build_facts(before).as_of, build_facts(after).as_of) == (date(2026, 10, 31), date(2026, 11, 30))
    assert after.path.name == "savoir-2.duckdb"
    before.close()
    after.close()


def test_threads_that_share_a_snapshot_get_their_own_answers(small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: snapshot.rows("select ? * 2 as twice", [n]).item(), range(200)))
    assert answers == [2 * n for n in range(200)]
    snapshot.close()


def test_has_tells_which_marts_are_there(small_home: Home) -> None:
    snapshot = open_snapshot(small_home)
    assert snapshot.has("marts", "fct_claims")
    assert not snapshot.has("marts", "fct_weather")
    snapshot.close()
