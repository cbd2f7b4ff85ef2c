"""A malformed rule set stops the build, and the failing rows name what is wrong."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from pipelines.home import DBT_DIR, Home

AUDIT = "dbt_test__audit"


def planted(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The page's version, ended in 2024, and one version for each thing that can be wrong with it."""
    for row in rows:
        yield row | {"valid_to": "2024-12-31"}
    for version in ("hole", "dead", "doubled", "gap", "crossed", "unknown"):
        for row in rows:
            draft = row | {"policy_version": version, "valid_from": "", "valid_to": ""}
            if version == "hole" and row["rule_code"] == "D15":
                continue
            if version == "doubled" and row["rule_code"] == "D14":
                draft["priority"] = str(int(row["priority"]) + 1)
            if version == "gap":
                draft["valid_from"] = "2025-02-01"
            if version == "crossed" and row["rule_code"] == "D03":
                draft |= {"valid_from": "2030-02-01", "valid_to": "2030-01-31"}
            if version == "unknown" and row["rule_code"] == "D08":
                draft["outcome"] = "refused"
            yield draft
        if version == "dead":
            yield rows[-1] | {
                "policy_version": "dead",
                "rule_code": "D99",
                "priority": "99",
                "valid_from": "",
            }


@pytest.fixture(scope="module")
def failures(
    tmp_path_factory: pytest.TempPathFactory, dbt: Callable[..., subprocess.CompletedProcess[str]]
) -> dict[str, list[tuple[Any, ...]]]:
    """The failing rows of each test that turned red, by the test's name."""
    folder = tmp_path_factory.mktemp("malformed")
    project = folder / "dbt"
    shutil.copytree(DBT_DIR, project)
    seed = project / "seeds" / "policy_rules.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(planted(rows))
    home = Home.at(folder / "home").make()
    words = ("build", "--select", "policy_rules", "verdict_outcomes", "--store-failures")
    done = dbt(home.root, folder / "target", project, words)
    assert done.returncode != 0
    with duckdb.connect(str(home.build_file), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [AUDIT]
        ).fetchall()
        found = {name: connection.execute(f'from {AUDIT}."{name}"').fetchall() for (name,) in tables}
    return {name: rows for name, rows in found.items() if rows}


def test_a_hole_is_named_with_its_combinations(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    rows = failures["policy_rules_leave_no_hole"]
    assert {row[0] for row in rows} == {"hole"}
    # No centre near: what D15 alone decides.
    assert {row[-1] for row in rows} == {False}


def test_a_dead_row_is_named(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert ("dead", "D99", 99) in failures["policy_rules_have_no_dead_row"]


def test_a_doubled_priority_names_both_rows(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert [row[0] for row in failures["policy_rules_priorities_are_unique"]] == ["doubled"]
    assert {"D14", "D15"} == set(failures["policy_rules_priorities_are_unique"][0][2:4])


def test_a_gap_of_dates_names_its_versions(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert ("gap", "leaves a gap after page") in failures["policy_rules_versions_follow_each_other"]


def test_crossed_dates_name_their_row(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    rows = failures["policy_rules_rows_are_sound"]
    assert [row[:3] for row in rows] == [("policy_rules_dates_are_in_order", "crossed", "D03")]


def test_an_unknown_outcome_is_named(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert failures["policy_rules_outcomes_are_known"] == [("unknown", "D08", "refused")]


def test_nothing_else_turned_red(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert len(failures) == 6
