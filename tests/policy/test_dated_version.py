"""A second version in force is appended rows: claims before its day keep their verdicts."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import DBT_DIR, Home

DAY = "2025-01-01"
NO_TESTS = ("resource_type:unit_test", "resource_type:test")
JUDGED = """
    select ticket_id, tickets.requested_on, policy_rule_id, policy_outcome, legal_outcome, paypal_state,
        is_repair_cheaper
    from intermediate.int_claims__judged join intermediate.int_claims__escalated using (ticket_id)
    join intermediate.int_claims__conditions using (ticket_id)
    join intermediate.int_tickets__linked as tickets using (ticket_id)
"""


@pytest.fixture(scope="module")
def both(
    judged: Any,
    tmp_path_factory: pytest.TempPathFactory,
    dbt: Callable[..., subprocess.CompletedProcess[str]],
) -> list[dict[str, Any]]:
    """Each ticket's verdict before the version was appended (`old_…`) and after."""
    folder = tmp_path_factory.mktemp("dated")
    project, home = folder / "dbt", Home.at(folder / "home")
    shutil.copytree(DBT_DIR, project)
    shutil.copytree(judged.home.root, home.root)
    append(project / "seeds" / "policy_rules.csv", {"valid_from": DAY})
    with (project / "seeds" / "policy_parameters.csv").open("a", encoding="utf-8") as file:
        file.write("stricter,paypal_hold_months,1,months,assumed,,A shorter window\n")
        file.write("stricter,repair_limit_ratio,0.7,ratio,assumed,,A lower limit\n")
    words = ("build", "--select", "+int_claims__judged", "--exclude", *NO_TESTS, "--quiet")
    done = dbt(home.root, folder / "target", project, words)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect() as connection:
        for name, each in (("old", judged.home), ("new", home)):
            connection.execute(f"attach '{each.build_file}' as {name} (read_only)")
        old, new = (JUDGED.replace("intermediate.", f"{name}.intermediate.") for name in ("old", "new"))
        found = connection.execute(
            f"""
            select new.*, old.policy_rule_id as old_rule_id, old.policy_outcome as old_outcome,
                old.legal_outcome as old_legal_outcome, old.paypal_state as old_paypal_state
            from ({new}) as new join ({old}) as old using (ticket_id)
            """
        )
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def append(seed: Path, changes: dict[str, str]) -> None:
    """The rows of `page` once more, as the version `stricter`."""
    text = seed.read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["policy_version"] == "page"]
    with seed.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writerows(row | {"policy_version": "stricter"} | changes for row in rows)


def test_claims_before_the_day_keep_their_verdicts(both: list[dict[str, Any]]) -> None:
    before = [row for row in both if row["requested_on"].isoformat() < DAY]
    assert len(before) > 500
    assert [row for row in before if row["policy_rule_id"] != row["old_rule_id"]] == []


def test_claims_from_the_day_on_are_judged_by_the_new_version(both: list[dict[str, Any]]) -> None:
    after = [row for row in both if row["requested_on"].isoformat() >= DAY and row["policy_rule_id"]]
    assert len(after) > 500
    assert {row["policy_rule_id"].split("/")[0] for row in after} == {"stricter"}
    moved = {(row["old_outcome"], row["policy_outcome"]) for row in after}
    assert ("repair_pickup", "replacement") in moved
    assert any(row["old_paypal_state"] == "open" and row["paypal_state"] == "none" for row in after)


def test_the_law_does_not_follow_the_sellers_limit(both: list[dict[str, Any]]) -> None:
    assert [row for row in both if row["legal_outcome"] != row["old_legal_outcome"]] == []
