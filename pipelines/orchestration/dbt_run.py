"""Runs dbt inside this process and tells, node by node, what came of it.

Belongs here: arguments, the run, its results, the rows behind a failed test. Does not belong here: what
Dagster makes of them (`models`).

dagster-dbt's own resource starts `dbt --version`, which asks the package index, and then `dbt` in a second
process: 4 to 8 seconds of imports for a build whose models take one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg

from pipelines.errors import SavoirError
from pipelines.orchestration.manifest import QUIET, PreparedProject, dbt_arguments

ROWS_SHOWN = 5
VALUE_LENGTH = 120
# The build file stays open between nodes: opening it for each of 300 costs 50 ms every time.
KEEP_OPEN = {"keep_open": True}


class DbtRunError(SavoirError):
    """dbt stopped before it could run its nodes."""


@dataclass(frozen=True)
class NodeResult:
    """What came of one seed, model or test; `status` is dbt's: success, pass, warn, fail, error, skipped."""

    unique_id: str
    status: str
    seconds: float
    failures: int
    message: str
    compiled_sql: str | None = None

    @property
    def is_red(self) -> bool:
        """Whether this result stops a publish."""
        return self.status in ("error", "fail", "runtime error")


@dataclass(frozen=True)
class DbtCommand:
    """One `dbt build`: which project, where its artifacts go, with which variables, for which nodes.

    `selected` and `excluded` are dbt's names of nodes; neither = everything.
    """

    project: PreparedProject
    target_path: Path
    variables: Mapping[str, str | bool]
    selected: Sequence[str] = ()
    excluded: Sequence[str] = ()

    def arguments(self) -> list[str]:
        """The words after `dbt`.

        Unit tests speak of the code, not of the data: they ran when the code changed (`make test`), and a
        build does not pay for them again.
        """
        selection = ["--indirect-selection", "empty"] if self.selected or self.excluded else []
        selection += ["--select", *self.selected] if self.selected else []
        selection += ["--exclude", *self.excluded] if self.excluded else []
        return [
            *QUIET,
            "build",
            # Its own copy of the manifest and results: nobody reads them, and writing takes a second.
            "--no-write-json",
            # A seed whose columns changed is made anew; tables are at every build.
            "--full-refresh",
            *("--exclude-resource-type", "unit_test"),
            *selection,
            *dbt_arguments(self.project.project_dir, self.target_path, {**self.variables, **KEEP_OPEN}),
        ]


def run_dbt(command: DbtCommand) -> Iterator[NodeResult]:
    """Yield results as nodes finish; the red ones last, with their SQL, when dbt has left the build file."""
    finished: queue.Queue[NodeResult | None] = queue.Queue()
    outcome: list[dbtRunnerResult] = []

    def on_event(event: EventMsg) -> None:
        if event.info.name == "NodeFinished":
            data: Any = event.data
            result = data.run_result
            finished.put(
                NodeResult(
                    data.node_info.unique_id,
                    result.status,
                    result.execution_time,
                    result.num_failures,
                    result.message,
                )
            )

    def work() -> None:
        try:
            runner = dbtRunner(manifest=command.project.graph(), callbacks=[on_event])
            outcome.append(runner.invoke(command.arguments()))
        finally:
            DuckDBConnectionManager.close_all_connections()
            finished.put(None)

    # A daemon thread: when this process is told to stop, it does not wait for dbt.
    thread = threading.Thread(target=work, name="dbt", daemon=True)
    thread.start()
    while (result := finished.get()) is not None:
        if not result.is_red:
            yield result
    thread.join()
    yield from _red_results(outcome)


def _red_results(outcome: list[dbtRunnerResult]) -> Iterator[NodeResult]:
    if not outcome or outcome[0].result is None:
        reason = outcome[0].exception if outcome else "it left no result"
        raise DbtRunError(f"dbt stopped before its first model: {reason}")
    results = getattr(outcome[0].result, "results", [])
    for result in results:
        found = NodeResult(
            result.node.unique_id,
            str(result.status),
            result.execution_time,
            result.failures or 0,
            result.message or "",
            getattr(result.node, "compiled_code", None),
        )
        if found.is_red:
            yield found


def failing_rows(build_file: Path, compiled_sql: str | None) -> list[str]:
    """A few of the rows behind a failed test, as `column=value` text; none where they cannot be had."""
    if not compiled_sql:
        return []
    try:
        with duckdb.connect(str(build_file), read_only=True) as con:
            con.execute("set timezone = 'UTC'")
            cursor = con.execute(f"select * from ({compiled_sql}) as failing limit {ROWS_SHOWN}")
            names = [column[0] for column in cursor.description or []]
            return [_row_text(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    except duckdb.Error:
        return []


def _row_text(row: Mapping[str, Any]) -> str:
    known = {name: str(value) for name, value in row.items() if value is not None}
    return ", ".join(
        f"{name}={text if len(text) <= VALUE_LENGTH else text[:VALUE_LENGTH] + '…'}"
        for name, text in known.items()
    )
