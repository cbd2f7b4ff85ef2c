"""Two terms of one supplier on the same day would count each claim twice: told by name before anything is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.home import DBT_DIR, Home
from pipelines.orchestration.dbt_run import DbtCommand, failing_rows, run_dbt
from pipelines.orchestration.manifest import prepared

PARTS = (
    "dbt_project.yml", "profiles.yml", "macros", "tests/generic", "seeds/supplier_terms.csv",
    "seeds/supplier_terms.yml",
)  # fmt: skip


def test_terms_that_overlap_are_told_with_the_supplier_and_both_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "dbt"
    for part in PARTS:
        source, target = DBT_DIR / part, project / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    with (project / "seeds" / "supplier_terms.csv").open("a") as file:
        file.write("SUP003,2024-06-30,,12,1,0,1,own,contract\n")
    home = Home.at(tmp_path / "home").make()
    monkeypatch.setenv("SAVOIR_HOME", str(home.root))
    command = DbtCommand(prepared(project), tmp_path / "target", {"as_of": "2026-10-31"})
    tests = {
        result.unique_id.split(".")[2]: result
        for result in run_dbt(command)
        if result.unique_id.startswith("test.")
    }
    assert tests["supplier_terms_rows_are_sound"].status == "pass"
    found = failing_rows(home.build_file, tests["supplier_terms_do_not_overlap"].compiled_sql)
    assert len(found) == 2  # the row before it, and the one after
    assert all("SUP003" in row and "2024-06-30" in row for row in found)
