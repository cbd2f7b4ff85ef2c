"""The jobs. Does not belong here: when they run (`schedules`, `sensors`)."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.orchestration.resources import HomeResource

BUILD = "build"
REPORT = "report"


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
