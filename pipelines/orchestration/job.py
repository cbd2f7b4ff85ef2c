"""The jobs. Does not belong here: when they run (`schedules`, `sensors`)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.orchestration.resources import HomeResource

BUILD = "build"
REPORT = "report"
RETENTION = "retention"


def build_job() -> UnresolvedAssetJobDefinition:
    """Ingest, build, check, publish: every asset, in one process.

    A process per step would cost 23 seconds where one process takes a few: imports dominate.
    """
    return dg.define_asset_job(
        BUILD,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Ingest the inbox, build the models, run every check, publish when all are green.",
    )


def build_config(as_of: str = "", known_on: str = "") -> dict[str, Any]:
    """The run configuration of one build. Empty = today in Paris, all deliveries."""
    return {"resources": {"session": {"config": {"as_of": as_of, "known_on": known_on}}}}


class ReportRun(dg.Config):
    """Which reports: those of one schedule of subscriptions (weekly, monthly, on_signal), of which period.

    Empty = the last whole one.
    """

    schedule: str = "weekly"
    week: str = ""


@dg.op(description="The defect reports of a schedule: into reports/, and to their subscribers.")
def write_defect_reports(context: dg.OpExecutionContext, config: ReportRun, home: HomeResource) -> None:
    """The defect reports, from the published file; where it is old or red, the admin hears why instead."""
    # Reports draw charts and write workbooks: imports that a build has no use for.
    from pipelines.delivery.sending import deliver, hindrances
    from pipelines.orchestration.alerts import send_alert

    reasons = hindrances(home.home) + red_build(context.instance)
    if reasons:
        send_alert("Savoir: the defect reports were not sent", "\n".join(reasons), context.log)
        return
    done = deliver(
        home.home,
        asked=config.week or None,
        schedule=config.schedule,
        is_sending=True,
        is_once_per_period=True,
        say=context.log.info,
    )
    told = done.problems + [
        f"{row.subscription} to {row.recipient}: {row.state}, {row.reason}"
        for row in done.entries
        if row.state != "sent"
    ]
    if told:
        send_alert("Savoir: some defect reports did not arrive", "\n".join(told), context.log)


def red_build(instance: dg.DagsterInstance) -> list[str]:
    """A sentence where the last build that ended was red: what is published is older than it."""
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    last = instance.get_runs(dg.RunsFilter(job_name=BUILD, statuses=ended), limit=1)
    if last and last[0].status == dg.DagsterRunStatus.FAILURE:
        return ["The last build is red: its run in Dagster says why."]
    return []


@dg.job(name=REPORT, executor_def=dg.in_process_executor, description="The defect reports of a schedule.")
def report_job() -> None:
    """The defect reports."""
    write_defect_reports()


def report_config(week: str = "", schedule: str = "weekly") -> Mapping[str, Any]:
    """The run configuration of one report run."""
    return {"ops": {"write_defect_reports": {"config": {"week": week, "schedule": schedule}}}}


@dg.op(description="Texts, places, refused rows, copies, reports, records of runs older than declared.")
def purge_what_is_old(context: dg.OpExecutionContext, home: HomeResource) -> None:
    """The nightly purge; what went is in the log of the home."""
    from pipelines.erasure.retention import purge, retention

    for kind, count in purge(home.home).items():
        context.log.info("%s: %s purged", kind, count)
    before = datetime.now(UTC) - timedelta(days=retention(home.home).dagster_run_days)
    old = context.instance.get_run_records(filters=dg.RunsFilter(created_before=before))
    for run in old:
        if run.dagster_run.is_finished:
            context.instance.delete_run(run.dagster_run.run_id)
    context.log.info("%s records of runs purged", len(old))


@dg.job(
    name=RETENTION, executor_def=dg.in_process_executor, description="Purges what is older than declared."
)
def retention_job() -> None:
    """The nightly purge."""
    purge_what_is_old()
