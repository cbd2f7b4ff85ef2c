"""dbt's own unit tests, at the boundaries of decisions. They speak of code: a build does not run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.home import DBT_DIR, Home


def test_every_unit_test_of_the_models_passes(
    demo_home: Home, manifest: dict[str, Any], tmp_path: Path
) -> None:
    # dbt asks the built tables for the types of the columns that a unit test leaves out.
    own = Home.at(tmp_path / "home").make()
    shutil.copy(demo_home.build_file, own.build_file)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")), "--no-version-check", "--no-use-colors",
            "test", "--select", "test_type:unit",
            "--project-dir", str(DBT_DIR), "--profiles-dir", str(DBT_DIR),
            "--target-path", str(tmp_path), "--log-path", str(tmp_path),
            "--vars", json.dumps({"as_of": "2026-10-31", "known_on": ""}),
        ],
        env={**os.environ, "SAVOIR_HOME": str(own.root)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    results = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    passed = {result["unique_id"] for result in results if result["status"] == "pass"}
    assert manifest["unit_tests"]
    assert set(manifest["unit_tests"]) - passed == set(), done.stdout[-4000:]
