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


class ReportWeek(dg.Config):
    """Which week the defect reports speak of; empty = the last whole week."""

    week: str = ""


@dg.op(description="One HTML page and one workbook per product family, into reports/<week>/.")
def write_defect_reports(context: dg.OpExecutionContext, config: ReportWeek, home: HomeResource) -> None:
    """The weekly defect reports, from the published snapshot."""
    # Reports draw charts and write workbooks: imports that a build has no use for.
    from pipelines.reports import write_reports

    write_reports(home.home, config.week or None, context.log.info)


@dg.job(name=REPORT, executor_def=dg.in_process_executor, description="The weekly defect reports.")
def report_job() -> None:
    """The weekly defect reports."""
    write_defect_reports()


def report_config(week: str = "") -> Mapping[str, Any]:
    """The run configuration of one report run."""
    return {"ops": {"write_defect_reports": {"config": {"week": week}}}}


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
