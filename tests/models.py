"""What dbt makes of the prepared project, in this process: models over a home's landing, a text of SQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from pipelines.home import Home
from pipelines.orchestration.dbt_run import DbtCommand, run_dbt
from pipelines.orchestration.manifest import QUIET, dbt_arguments, prepared


def build_models(home: Home, target: Path, *selected: str, **variables: str) -> None:
    """Build the models that dbt's words name, without tests, as of 31 October 2026 unless told otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAVOIR_HOME", str(home.root))
        as_known = {"as_of": "2026-10-31", "known_on": "", **variables}
        results = list(run_dbt(DbtCommand(prepared(), target, as_known, selected)))
    assert results
    assert not [result for result in results if result.is_red or result.status == "skipped"]


def compiled(inline: str, folder: Path) -> str:
    """A text with macros of the project, as SQL."""
    project = prepared()
    words = [*QUIET, "compile", "--no-write-json", "--inline", inline]
    words += dbt_arguments(project.project_dir, folder / "target", {"as_of": "2026-10-31", "known_on": ""})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAVOIR_HOME", str(Home.at(folder / "home").make().root))
        done = dbtRunner(manifest=project.graph()).invoke(words)
    assert done.success, done.exception
    result: Any = done.result
    return result.results[0].node.compiled_code
