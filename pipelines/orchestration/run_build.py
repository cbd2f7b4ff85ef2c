"""`savoir build`: the very job that the schedule starts, run in this process.

Does not belong here: what the command line prints (`pipelines.cli`).

The run's events are kept in memory: Dagster's SQLite opens, writes and closes a file for each of them, which
for 300 checks took 11 seconds of processor time against 2.5. What the home's Dagster is told afterwards is
what people look for there: the snapshot that was published, or the checks that were red.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from pipelines.errors import machine_fault
from pipelines.feeds.results import Delivery
from pipelines.home import DBT_DIR, Home
from pipelines.orchestration.alerts import check_mail_settings, failure_text, mail_alert
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.feeds import Door, open_door
from pipelines.orchestration.instance import prepare_instance
from pipelines.orchestration.job import BUILD
from pipelines.orchestration.publish import SNAPSHOT_KEY
from pipelines.troubles import note_failure


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended, and what came through the door. `reason` is empty when it was published."""

    is_published: bool
    reason: str
    deliveries: tuple[Delivery, ...]

    @property
    def has_refusals(self) -> bool:
        """Whether a file, a column or a row was refused."""
        return any(delivery.is_refused for delivery in self.deliveries)


def run_build(
    home: Home, as_of: str = "", known_on: str = "", project_dir: Path = DBT_DIR, door: Door = open_door
) -> BuildOutcome:
    """Run the job `build` in this process, with progress lines, and tell how it ended."""
    check_mail_settings()
    deliveries: list[Delivery] = []
    try:
        result = _run(home, as_of, known_on, project_dir, door, deliveries)
        reason = "" if result.success else failure_text(result.all_events)
    except OSError as error:
        # Before the first step, or between two: where Dagster keeps its own files.
        fault = machine_fault(error)
        if fault is None:
            raise
        result, reason = None, str(fault)
    if dg.DagsterExecutionInterruptedError.__name__ in reason:
        raise KeyboardInterrupt  # Dagster takes Ctrl-C for a step that failed
    if reason:
        # The caller shows the reason itself; the mail is for those who are not at this terminal. It goes out
        # before anything else is tried: on a full disk telling Dagster fails too.
        note_failure(home, reason)
        trouble = mail_alert("Savoir: build failed", reason)
        reason = f"{reason}\n{trouble}" if trouble else reason
        if machine_fault(RuntimeError(reason)) is not None:
            _drop_build_file(home)
    if result is not None:
        _tell_dagster(result)
    return BuildOutcome(not reason, reason, tuple(deliveries))


def _run(
    home: Home, as_of: str, known_on: str, project_dir: Path, door: Door, deliveries: list[Delivery]
) -> dg.ExecuteInProcessResult:
    prepare_instance(home)

    def remembering_door(home: Home, progress: Callable[[str], None]) -> Sequence[Delivery]:
        deliveries.extend(door(home, progress))
        return deliveries

    job = build_defs(home, project_dir, remembering_door).resolve_job_def(BUILD)
    config = {
        "loggers": {"progress": {}},
        # A person who waits at a terminal is told at once that another build has the home.
        "resources": {"session": {"config": {"as_of": as_of, "known_on": known_on, "wait_seconds": 0}}},
    }
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)


def _drop_build_file(home: Home) -> None:
    """Half a build file is of no use to anybody, and takes the room that is missing."""
    with contextlib.suppress(OSError):
        for path in home.build_file.parent.glob(f"{home.build_file.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _tell_dagster(result: dg.ExecuteInProcessResult) -> None:
    """Best effort: what was published is published, whether or not Dagster's own files can be written."""
    try:
        with dg.DagsterInstance.get() as home_instance:
            for event in result.all_events:
                if event.is_step_materialization and event.asset_key == SNAPSHOT_KEY:
                    home_instance.report_runless_asset_event(event.materialization)
            for evaluation in result.get_asset_check_evaluations():
                if not evaluation.passed:
                    home_instance.report_runless_asset_event(evaluation)
    except Exception as error:
        logging.getLogger(__name__).warning(
            "Dagster's own log was not told of this build: %s", machine_fault(error) or error
        )
