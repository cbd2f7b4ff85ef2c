"""One simulated retailer with many planted breaches, judged once; and the decision tables in memory."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest

from pipelines.feeds import door
from pipelines.home import Home
from pipelines.simulation import simulate
from tests.models import build_models

END = dt.date(2026, 10, 31)
BUSY = """
parameters:
  paypal_case_rate: 0.5
  paypal_order_share: 0.6
  breach_rate:
    VR03: 0.05
    VR07: 0.03
    VR08: 0.05
    VR09: 0.05
    VR10: 0.3
    VR13: 0.3
    VR19a: 0.03
    VR22: 0.1
    VR01: 0.05
    VL12: 0.3
"""


@dataclass(frozen=True)
class Judged:
    """A built home: query its warehouse and its truth."""

    home: Home
    as_of: dt.date

    def connect(self) -> duckdb.DuckDBPyConnection:
        """The build file, with the truth as views."""
        connection = duckdb.connect()
        connection.execute(f"attach '{self.home.build_file}' as build (read_only)")
        connection.execute("use build")
        for path in self.home.truth.glob("*.parquet"):
            connection.execute(f"create temp view true_{path.stem} as from '{path}'")
        return connection

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Rows as dicts."""
        with self.connect() as connection:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run_dbt(
    home: Path, target: Path, project: Path, words: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """The dbt command in a process of its own."""
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), *words),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(target), "--log-path", str(target / "logs")),
            *("--vars", f"{{as_of: {END.isoformat()}}}"),
        ],
        env={**os.environ, "SAVOIR_HOME": str(home), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )


def loaded(name: str) -> ModuleType:
    """A module beside this file, loaded by its path under its own name: test folders are no packages."""
    spec = spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def oracle() -> ModuleType:
    """From facts to verdicts."""
    return loaded("oracle")


@pytest.fixture(scope="session")
def clerk(oracle: ModuleType) -> ModuleType:
    """From records to facts."""
    assert sys.modules["oracle"] is oracle
    return loaded("clerk")


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """30,000 order lines with every breach planted often."""
    folder = tmp_path_factory.mktemp("policy")
    scenario = folder / "busy.yml"
    scenario.write_text(BUSY, encoding="utf-8")
    home = Home.at(folder / "home").make()
    simulate(home, 30_000, 5, END, scenario)
    door.take_all(home)
    marts = ("+fct_audit_findings", "+fct_misuse_centers", "+fct_policy_measures", "+meta_findings")
    build_models(home, folder / "target", *marts)
    return Judged(home, END)


@pytest.fixture(scope="session")
def dbt() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`run_dbt`, for tests: test folders are no packages."""
    return run_dbt
