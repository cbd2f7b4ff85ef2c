"""`savoir build`: the very job that the schedule starts, run in this process.

Does not belong here: what the command line prints (`pipelines.cli`).

The run's events are kept in memory: Dagster's SQLite opens, writes and closes a file for each of them, which
for 300 checks took 11 seconds of processor time against 2.5. What the home's Dagster is told afterwards is
what people look for there: the snapshot that was published, or the checks that were red.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from pipelines.feeds.results import Delivery
from pipelines.home import DBT_DIR, Home
from pipelines.orchestration.alerts import failure_text, mail_alert
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.feeds import Door, open_door
from pipelines.orchestration.instance import prepare_instance
from pipelines.orchestration.job import BUILD
from pipelines.orchestration.publish import SNAPSHOT_KEY


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
    prepare_instance(home)
    deliveries: list[Delivery] = []

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
        result = job.execute_in_process(run_config=config, instance=instance, raise_on_error=False)
    _tell_dagster(result)
    reason = "" if result.success else failure_text(result.all_events)
    if reason:
        # The caller shows the reason itself; the mail is for those who are not at this terminal.
        trouble = mail_alert("Savoir: build failed", reason)
        reason = f"{reason}\n{trouble}" if trouble else reason
    return BuildOutcome(result.success, reason, tuple(deliveries))


def _tell_dagster(result: dg.ExecuteInProcessResult) -> None:
    with dg.DagsterInstance.get() as home_instance:
        for event in result.all_events:
            if event.is_step_materialization and event.asset_key == SNAPSHOT_KEY:
                home_instance.report_runless_asset_event(event.materialization)
        for evaluation in result.get_asset_check_evaluations():
            if not evaluation.passed:
                home_instance.report_runless_asset_event(evaluation)
