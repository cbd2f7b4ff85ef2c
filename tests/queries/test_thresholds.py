"""Thresholds have one home, and what a page calls enough is what the build calls enough."""

from __future__ import annotations

import re

import duckdb
import pytest

from pipelines.home import PROJECT_DIR, Home
from pipelines.queries.snapshot import Snapshot, open_file, open_snapshot
from pipelines.queries.thresholds import ThresholdMissingError, threshold


def test_the_published_thresholds_are_the_variables_of_the_dbt_project(demo_home: Home) -> None:
    with open_snapshot(demo_home).connection.cursor() as cursor:
        found = dict(cursor.execute("select threshold, limit_value from meta.thresholds").fetchall())
    project = (PROJECT_DIR / "dbt" / "dbt_project.yml").read_text(encoding="utf-8")
    assert len(found) > 6
    for name, value in found.items():
        assert float(re.findall(rf"(?m)^  {name}: (\S+)$", project)[0]) == value, name


def test_another_threshold_changes_what_is_enough(snapshot: Snapshot, tmp_path) -> None:
    path = tmp_path / "savoir-2.duckdb"
    path.write_bytes(snapshot.path.read_bytes())
    with duckdb.connect(str(path)) as con:
        con.execute("update meta.thresholds set limit_value = 7 where threshold = 'minimum_events_of_week'")
    other = open_file(path)
    assert threshold(snapshot, "minimum_events_of_week") == 3
    assert threshold(other, "minimum_events_of_week") == 7
    other.close()


def test_a_threshold_that_the_file_does_not_declare_is_said(snapshot: Snapshot) -> None:
    with pytest.raises(ThresholdMissingError, match="declares no threshold minimum_luck"):
        threshold(snapshot, "minimum_luck")


def test_no_query_or_page_holds_a_threshold_of_its_own() -> None:
    held = [
        f"{path.relative_to(PROJECT_DIR)}: {line.strip()}"
        for folder in ("pipelines/queries", "dashboards", "pipelines/reports")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"_?MINIMUM\w* = [0-9]|SETTLED\w* = [0-9]", line)
    ]
    assert held == []
