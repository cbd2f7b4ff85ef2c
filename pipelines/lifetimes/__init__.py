"""From counts in the build file to fits and forecasts in `warehouse/reliability/`, a source of dbt's.

Belongs here: reading the intermediate tables, calling `pipelines.reliability`, writing Parquet. Does not
belong here: a decision about a row (SQL made it), a numerical method (`pipelines.reliability`), Dagster.

    int_lifetimes__by_age, int_lifetimes__by_day
                          ─> fits.parquet       one row per scope × cause × convention
    int_lifetimes__by_day, int_claims__at_ages
                          ─> claims_by_age.parquet  one row per scope × cause × month in service
    int_lifetimes__by_month, int_claims__by_month, int_claims__cost_by_month
                          ─> forecasts.parquet  one row per scope × as-of date × future month
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import yaml

from pipelines.home import DBT_DIR, Home
from pipelines.lifetimes.causes import cause_rows
from pipelines.lifetimes.fitting import fit_rows
from pipelines.lifetimes.forecasting import forecast_rows
from pipelines.lifetimes.reading import Counts, read_counts
from pipelines.lifetimes.writing import write_table

__all__ = ["TABLES", "Computed", "compute", "fit_rows", "forecast_rows", "minimum_events", "read_counts"]

TABLES = ("fits", "claims_by_age", "forecasts")


@dataclass(frozen=True)
class Computed:
    """How many rows each table got."""

    rows: dict[str, int]


def compute(home: Home, as_of: date, progress: Callable[[str], None] = lambda _: None) -> Computed:
    """Fit and forecast from the build file, and put the results where dbt reads them."""
    counts: Counts = read_counts(home)
    least = minimum_events()
    tables = {
        "fits": fit_rows(counts.life_tables, counts.day_tables, counts.families),
        "claims_by_age": cause_rows(counts),
        "forecasts": forecast_rows(counts, as_of, least),
    }
    for name in TABLES:
        write_table(home, name, tables[name])
    rows = {name: len(table) for name, table in tables.items()}
    progress(", ".join(f"{count:,} {name}" for name, count in rows.items()))
    return Computed(rows)


def minimum_events() -> int:
    """The declared minimum of events of a fit: the dbt project's variable `minimum_events`."""
    project = yaml.safe_load((DBT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    return int(project["vars"]["minimum_events"])
