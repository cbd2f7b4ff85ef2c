"""The prepared dbt project: parsed once per content, good for every day and every home."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.home import DBT_DIR
from pipelines.orchestration import manifest
from pipelines.orchestration.dbt_run import DbtCommand
from pipelines.orchestration.manifest import DbtProjectError, prepared


def test_the_same_content_is_parsed_once(toy_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(toy_project)

    def parsed_again(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(manifest, "_parse_into", parsed_again)
    assert prepared(toy_project).folder == first.folder


def test_a_changed_model_is_parsed_anew_and_the_fourth_oldest_is_forgotten(
    toy_project: Path, tmp_path: Path
) -> None:
    project = Path(shutil.copytree(toy_project, tmp_path / "dbt", ignore=shutil.ignore_patterns("target")))
    folders = []
    for number in range(4):
        (project / "models" / "int_orders.sql").write_text(
            f"select order_id, quantity, {number} as n from {{{{ source('raw', 'orders') }}}}"
        )
        folders.append(prepared(project).folder)
    assert len(set(folders)) == 4
    assert {path for path in folders if path.exists()} == set(folders[1:])


def test_a_project_that_does_not_parse_says_why(toy_project: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(toy_project, tmp_path / "dbt", ignore=shutil.ignore_patterns("target")))
    (project / "models" / "int_orders.sql").write_text("select 1 from {{ ref('nowhere') }}")
    with pytest.raises(DbtProjectError, match="nowhere"):
        prepared(project)
    assert [path.name for path in (project / "target" / "prepared").iterdir()] == []


def test_no_yaml_file_of_the_project_reads_a_variable() -> None:
    """The prepared manifest was parsed with a placeholder day: what YAML renders at parse time would keep it.

    The profile is no part of the manifest, and is read at each run.
    """
    readers = [
        str(path.relative_to(DBT_DIR))
        for path in DBT_DIR.rglob("*.yml")
        if "target" not in path.parts
        and path.name != "profiles.yml"
        and re.search(r"\bvar\(", path.read_text())
    ]
    assert readers == []


def test_a_build_asks_dbt_for_everything_but_unit_tests(toy_project: Path, tmp_path: Path) -> None:
    whole = DbtCommand(prepared(toy_project), tmp_path, {"as_of": "2026-10-31"}).arguments()
    part = DbtCommand(
        prepared(toy_project), tmp_path, {"as_of": "2026-10-31"}, ["toy.fct_orders"]
    ).arguments()
    rest = DbtCommand(
        prepared(toy_project), tmp_path, {"as_of": "2026-10-31"}, excluded=["toy.fct_orders"]
    ).arguments()
    assert whole[whole.index("--exclude-resource-type") + 1] == "unit_test"
    assert not {"--select", "--exclude"}.intersection(whole)
    for words, option in ((part, "--select"), (rest, "--exclude")):
        assert words[words.index(option) + 1] == "toy.fct_orders"
        assert words[words.index("--indirect-selection") + 1] == "empty"
    assert whole[whole.index("--vars") + 1] == '{"as_of": "2026-10-31", "keep_open": true}'
