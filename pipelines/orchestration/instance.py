"""Dagster's instance folder under a home. Does not belong here: anything that runs."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.home import PROJECT_DIR, Home

TEMPLATE = Path(__file__).with_name("dagster.yaml")


def prepare_instance(home: Home) -> dict[str, str]:
    """Write the instance's configuration and return the environment that every process of this home needs.

    The same variables are set for this process, since dagster and dbt read them in their own time.
    """
    home.make()
    settings = home.dagster / "dagster.yaml"
    if not settings.exists() or settings.read_text() != TEMPLATE.read_text():
        draft = settings.with_name(f".tmp-dagster-{os.getpid()}.yaml")
        draft.write_text(TEMPLATE.read_text())
        draft.replace(settings)
    environment = {
        "SAVOIR_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_PROJECT_DIR": str(PROJECT_DIR / "dbt"),
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    os.environ.update(environment)
    return environment


def create_storage() -> None:
    """Make Dagster's own databases, in this process alone, for the instance in DAGSTER_HOME.

    Several processes that open a new instance at once each stamp its databases with their revision; with two
    stamps none opens it again.
    """
    import dagster as dg

    with dg.DagsterInstance.get():
        pass
