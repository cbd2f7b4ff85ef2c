"""Starting a build when files wait, and reports when a signal changes. Does not belong here: `alerts`."""

import hashlib
import json
from datetime import UTC, datetime

import dagster as dg

from pipelines.errors import SavoirError
from pipelines.home import Home
from pipelines.orchestration.job import BUILD, REPORT, build_config, report_config
from pipelines.orchestration.resources import HomeResource

SECONDS = 30
SIGNAL_SECONDS = 300
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


@dg.sensor(
    name="signal_changes",
    job_name=REPORT,
    minimum_interval_seconds=SIGNAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends the reports that wait for a signal when one has changed its state, once per change.",
)
def signal_changes(context: dg.SensorEvaluationContext, home: HomeResource) -> dg.RunRequest | dg.SkipReason:
    """A run per change, again each hour until it is out; the outbox sees to it that nothing goes twice."""
    # Reports draw on imports that the other sensors have no use for.
    from pipelines.delivery.sending import has_signal_news, hindrances

    if not home.home.current.exists():
        return dg.SkipReason("Nothing is published yet.")
    if not (home.home.root / "subscriptions.yml").exists():
        return dg.SkipReason("No subscription waits for a signal.")
    try:
        news = has_signal_news(home.home)
        reasons = hindrances(home.home) if news else []
    except SavoirError as error:
        return dg.SkipReason(str(error))
    if not news:
        return dg.SkipReason("No signal has changed its state since the last reports.")
    if reasons:
        return dg.SkipReason("; ".join(reasons))
    hour = datetime.now(UTC).strftime("%Y-%m-%dT%H")
    return dg.RunRequest(run_key=f"{news} {hour}", run_config=report_config(schedule="on_signal"))


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
