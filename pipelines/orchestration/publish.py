"""The last asset: the snapshot that readers open. Written only when every check of this very run is green.

Does not belong here: how a snapshot is written (`pipelines.publishing`).
"""

import subprocess
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from pipelines.home import PROJECT_DIR
from pipelines.orchestration.manifest import PreparedProject
from pipelines.orchestration.resources import BuildSession, utc_now
from pipelines.publishing import Build, publish

SNAPSHOT_KEY = dg.AssetKey(["published", "snapshot"])


def build_publish(
    project: PreparedProject, upstream: Sequence[dg.AssetKey], expected: frozenset[dg.AssetCheckKey]
) -> dg.AssetsDefinition:
    """The publishing asset: waits for `upstream`, refuses unless each `expected` check is green."""

    @dg.asset(
        key=SNAPSHOT_KEY,
        deps=list(upstream),
        group_name="published",
        kinds={"duckdb"},
        description="published/current.duckdb: schemas marts and meta, read-only, moved into place at once.",
    )
    def snapshot(context: dg.AssetExecutionContext, session: BuildSession) -> dg.MaterializeResult:
        evaluations = check_evaluations(context.instance, context.run_id)
        refusal = why_not_green(expected, evaluations)
        if refusal:
            raise dg.Failure(description=refusal)
        finished_at = utc_now()
        build = Build(
            build_id=f"{session.started_at:%Y%m%dT%H%M%S}-{context.run_id[:8]}",
            as_of=session.as_of_on,
            known_on=session.known_at,
            git_commit=git_commit(),
            started_at=session.started_at,
            finished_at=finished_at,
            checks_passed=sum(evaluation.passed for evaluation in evaluations),
            checks_warned=sum(not evaluation.passed for evaluation in evaluations),
        )
        path = publish(session.home, project.manifest, build, context.log.info)
        # The ledger tells when an alert fired: a build of another day, or of what was known then, fires none.
        if build.known_on is None and build.as_of == datetime.now(ZoneInfo("Europe/Paris")).date():
            from pipelines.signals import record_published

            record_published(session.home, build.build_id)
        return dg.MaterializeResult(
            metadata={
                "snapshot": dg.MetadataValue.path(str(path)),
                "as_of": build.as_of.isoformat(),
                "checks_passed": build.checks_passed,
                "checks_warned": build.checks_warned,
            }
        )

    return snapshot


def check_evaluations(instance: dg.DagsterInstance, run_id: str) -> list[AssetCheckEvaluation]:
    """What the checks of one run said."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    return [
        record.event_log_entry.dagster_event.asset_check_evaluation_data
        for record in records
        if record.event_log_entry.dagster_event
    ]


def why_not_green(
    expected: frozenset[dg.AssetCheckKey], evaluations: Sequence[AssetCheckEvaluation]
) -> str | None:
    """Why this run may not publish; None when it may."""
    red = sorted(
        evaluation.check_name
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
    )
    if red:
        return f"Not published: {', '.join(red)} {'is' if len(red) == 1 else 'are'} red."
    evaluated = {evaluation.asset_check_key for evaluation in evaluations}
    missing = sorted(key.name for key in expected - evaluated)
    if missing:
        named = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        return (
            f"Not published: {len(missing)} of {len(expected)} checks did not run in this run ({named}). "
            "A snapshot is only written at the end of a whole build: start the job `build`."
        )
    return None


def git_commit() -> str | None:
    """The commit of this checkout, marked where files differ from it; None outside a checkout."""
    if not (PROJECT_DIR / ".git").exists():
        return None
    command = ["git", "-C", str(PROJECT_DIR), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None
