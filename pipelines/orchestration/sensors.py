"""Starting a build when files wait in the inbox. Does not belong here: alerts (`alerts`)."""

import hashlib
import json

import dagster as dg

from pipelines.home import Home
from pipelines.orchestration.job import BUILD, build_config
from pipelines.orchestration.resources import HomeResource

SECONDS = 30
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    name="inbox",
    job_name=BUILD,
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a build when files wait in the inbox and have stopped growing.",
)
def inbox(context: dg.SensorEvaluationContext, home: HomeResource) -> dg.RunRequest | dg.SkipReason:
    """One build per set of waiting files.

    The cursor holds what was seen at the last look and what a build was last started for: files start a build
    once they look the same twice (nobody is still copying them), and never twice for the same files, so that
    a file which makes the build fail does not start it again every half minute.
    """
    memory = json.loads(context.cursor) if context.cursor else {"seen": "", "started": ""}
    waiting = waiting_files(home.home)
    now = fingerprint(waiting)
    was_seen, memory["seen"] = memory["seen"], now
    if not waiting:
        context.update_cursor(json.dumps(memory))
        return dg.SkipReason("The inbox is empty.")
    if now == memory["started"]:
        context.update_cursor(json.dumps(memory))
        return dg.SkipReason(f"A build was already started for these {len(waiting)} files.")
    if now != was_seen:
        context.update_cursor(json.dumps(memory))
        return dg.SkipReason(f"{len(waiting)} files have just changed: waiting until they stop growing.")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=BUILD, statuses=UNFINISHED)):
        context.update_cursor(json.dumps(memory))
        return dg.SkipReason("A build is running: it takes the files, or the next look starts another.")
    memory["started"] = now
    context.update_cursor(json.dumps(memory))
    return dg.RunRequest(run_key=now, run_config=build_config())


def waiting_files(home: Home) -> list[tuple[str, int, int]]:
    """Path, size, time of change of each waiting file; `.part` and hidden files are still being written."""
    found = []
    for path in sorted(home.inbox.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".part":
            facts = path.stat()
            found.append((str(path.relative_to(home.inbox)), facts.st_size, facts.st_mtime_ns))
    return found


def fingerprint(files: list[tuple[str, int, int]]) -> str:
    """The same for the same files, empty for none."""
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:24] if files else ""
