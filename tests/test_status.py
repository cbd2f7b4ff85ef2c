"""`savoir status`: one line that a monitor can trust."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import ModuleType

import duckdb

from pipelines.home import Home
from pipelines.status import status

BUILT = datetime(2026, 11, 1, 4, 1)


def test_a_build_of_the_last_day_is_ok_and_an_older_one_overdue(small_home: Home) -> None:
    fresh = status(small_home, datetime(2026, 11, 2, 6, 1))
    assert (fresh.state, fresh.built_at) == ("ok", BUILT)
    assert fresh.line.startswith("ok: built 2026-11-01 04:01 UTC as of 2026-10-31, tickets until 2026-10-")
    assert status(small_home, datetime(2026, 11, 2, 6, 2)).state == "overdue"


def test_a_feed_that_stopped_is_said_and_is_not_ok(tmp_path: Path, small_home_builder: ModuleType) -> None:
    with duckdb.connect(str(small_home_builder.make(tmp_path))) as con:
        con.execute(
            "update meta.freshness set state = 'stopped', last_event_on = '2026-10-02' where feed = 'repairs'"
        )
    found = status(Home.at(tmp_path), BUILT)
    assert found.state == "stopped"
    assert ", repairs stopped on 2026-10-02, 0 files wait" in found.line


def test_files_that_wait_are_counted_and_unfinished_ones_not(
    tmp_path: Path, small_home_builder: ModuleType
) -> None:
    small_home_builder.make(tmp_path)
    home = Home.at(tmp_path)
    (home.inbox / "orders").mkdir(parents=True)
    for name in ("a.csv", "b.csv.gz", "c.csv.part", ".hidden"):
        (home.inbox / "orders" / name).write_text("x")
    assert status(home, BUILT).line.endswith(", 2 files wait")


def test_a_home_without_a_snapshot_says_so(tmp_path: Path) -> None:
    found = status(Home.at(tmp_path))
    assert (found.state, found.line) == ("none", "none: nothing is published, 0 files wait")
