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
    """The page's version, and one version for each thing that can be wrong with it."""
    for row in rows:
        yield row
    for version in ("hole", "dead", "doubled", "same day", "torn", "unknown"):
        for row in rows:
            draft = row | {"policy_version": version, "valid_from": ""}
            if version == "hole" and row["rule_code"] == "D15":
                continue
            if version == "doubled" and row["rule_code"] == "D14":
                draft["priority"] = str(int(row["priority"]) + 1)
            if version == "same day":
                draft["valid_from"] = "1900-01-01"
            if version == "torn" and row["rule_code"] == "D03":
                draft["valid_from"] = "2030-02-01"
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
        rows = [row for row in csv.DictReader(file) if row["policy_version"] == "page"]
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(planted(rows))
    numbers = project / "seeds" / "policy_parameters.csv"
    text = numbers.read_text(encoding="utf-8")
    text = text.replace("page,paypal_hold_months,", "page,paypal_hold_month,")
    numbers.write_text(text, encoding="utf-8")
    home = Home.at(folder / "home").make()
    words = ("build", "--select", "policy_rules", "policy_parameters", "verdict_outcomes", "--store-failures")
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


def test_two_versions_of_one_day_are_named(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert ("same day", "begins on the same day as page") in failures[
        "policy_rules_versions_follow_each_other"
    ]


def test_a_version_of_two_days_is_named(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    problem = ("torn", "its rows do not all begin on the same day")
    assert problem in failures["policy_rules_versions_follow_each_other"]


def test_a_number_that_no_model_reads_and_one_of_no_version_are_named(
    failures: dict[str, list[tuple[Any, ...]]],
) -> None:
    problems = failures["policy_parameters_are_known_and_complete"]
    assert ("page", "paypal_hold_month", "is read by no model: look at the spelling") in problems
    assert ("page", "paypal_hold_months", "is not set, and no older version sets it") in problems
    # Its rules are not in the planted file, its numbers are.
    assert set(failures["policy_parameters_belong_to_a_version"]) == {("draft-2027",)}


def test_an_unknown_outcome_is_named(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert failures["policy_rules_outcomes_are_known"] == [("unknown", "D08", "refused")]


def test_nothing_else_turned_red(failures: dict[str, list[tuple[Any, ...]]]) -> None:
    assert len(failures) == 7
