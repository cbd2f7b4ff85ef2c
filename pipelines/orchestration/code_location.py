"""The whole code location in one function: tests build the same one with another home, project or door.

Belongs here: putting the parts together. Does not belong here: any part.
"""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from pipelines.home import DBT_DIR, Home
from pipelines.orchestration.alerts import alert
from pipelines.orchestration.feeds import Door, build_feeds, open_door
from pipelines.orchestration.job import build_job, report_job, retention_job
from pipelines.orchestration.loggers import progress
from pipelines.orchestration.manifest import prepared
from pipelines.orchestration.models import SavoirTranslator, build_models
from pipelines.orchestration.publish import build_publish
from pipelines.orchestration.reliability import build_reliability
from pipelines.orchestration.resources import BuildSession, HomeResource
from pipelines.orchestration.schedules import daily_build, monthly_report, nightly_retention, weekly_report
from pipelines.orchestration.sensors import inbox, signal_changes


def build_defs(
    home: Home,
    project_dir: Path = DBT_DIR,
    door: Door = open_door,
    between: tuple[dg.AssetsDefinition, ...] | None = None,
) -> dg.Definitions:
    """All that runs on one home: feeds, models, what Python computes `between` models, the snapshot."""
    project = prepared(project_dir)
    feeds = build_feeds(project, SavoirTranslator(), door)
    models = build_models(project)
    built = (feeds, models, *(build_reliability(project) if between is None else between))
    snapshot = build_publish(
        project,
        upstream=[key for definition in built for key in sorted(definition.keys)],
        expected=frozenset(key for definition in built for key in definition.check_keys),
    )
    place = HomeResource(root=str(home.root))
    return dg.Definitions(
        assets=[*built, snapshot],
        jobs=[build_job(), report_job, retention_job],
        schedules=[daily_build, monthly_report, nightly_retention, weekly_report],
        sensors=[inbox, signal_changes, alert],
        resources={"home": place, "session": BuildSession(place=place)},
        loggers={"console": dg.colored_console_logger, "progress": progress},
    )
