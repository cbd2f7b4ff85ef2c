"""`savoir build`: the very job that the schedule starts, run in this process.

Does not belong here: what the command line prints (`pipelines.cli`).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from pipelines.home import Home
from pipelines.orchestration.alerts import failure_text, send_alert
from pipelines.orchestration.code_location import build_defs
from pipelines.orchestration.instance import prepare_instance
from pipelines.orchestration.job import BUILD, COMMAND_LINE, STARTED_BY


@dataclass(frozen=True)
class BuildOutcome:
    """How a build ended. `reason` is empty when it was published; counts are those of this build's deliveries."""

    is_published: bool
    reason: str
    rows_refused: int


def run_build(home: Home, as_of: str = "", known_on: str = "", defs: dg.Definitions | None = None) -> BuildOutcome:
    """Run the job `build` in this process, with progress lines, and tell how it ended."""
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    prepare_instance(home)
    job = (defs or build_defs(home)).resolve_job_def(BUILD)
    config = {
        "loggers": {"progress": {}},
        # A person who waits at a terminal is told at once that another build has the home.
        "resources": {"session": {"config": {"as_of": as_of, "known_on": known_on, "wait_seconds": 0}}},
    }
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            run_config=config, instance=instance, raise_on_error=False, tags={STARTED_BY: COMMAND_LINE}
        )
    if result.success:
        return BuildOutcome(True, "", _refused(result.all_events))
    reason = failure_text(result.all_events)
    send_alert("Savoir: build failed", reason, logging.getLogger("savoir.alerts"))
    return BuildOutcome(False, reason, _refused(result.all_events))


def _refused(events: Sequence[dg.DagsterEvent]) -> int:
    """Rows that the door put aside in this run, from the metadata of the feed assets."""
    materialized = [
        event.materialization.metadata.get("rows_quarantined")
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
    ]
    return sum(int(str(value.value)) for value in materialized if value is not None)
