"""What weeks and workshops were expected to bring, and how much of what will come is in: tables for dbt.

Belongs here: reading the intermediate tables, laying out counts, calling `pipelines.reliability`, writing
Parquet. Does not belong here: a decision about a row (SQL made it), a numerical method, Dagster.

    int_claims__by_delay                            ─> reporting.parquet      measure × day
    int_lifetimes__by_week, int_claims__by_week     ─> weekly_counts.parquet  week × scope × measure × fault
    int_claims__by_case_mix                           ─> misuse_centers.parquet service centre
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import yaml

from pipelines.expectations.centers import center_rows
from pipelines.expectations.comparing import weekly_rows
from pipelines.expectations.reading import Weeks, read_cases, read_weeks
from pipelines.expectations.reporting import reporting_rows
from pipelines.home import DBT_DIR, Home
from pipelines.lifetimes.writing import write_table

__all__ = [
    *("TABLES", "Weeks", "center_rows", "compute", "declared", "read_cases", "read_weeks", "reporting_rows"),
    *("rows", "weekly_rows"),
]

TABLES = ("reporting", "weekly_counts", "misuse_centers")


def compute(home: Home, as_of: date, progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Compute the tables from the build file and put them where dbt reads them; rows of each."""
    tables = rows(read_weeks(home), as_of) | {"misuse_centers": center_rows(read_cases(home), declared)}
    for name in TABLES:
        write_table(home, name, tables[name])
    counts = {name: len(table) for name, table in tables.items()}
    progress(f"{counts['weekly_counts']:,} weekly counts held against what was expected")
    return counts


def rows(weeks: Weeks, as_of: date) -> dict[str, pl.DataFrame]:
    """The tables about weeks of one build."""
    reporting = reporting_rows(weeks, as_of, declared("minimum_reported_share"))
    return {"reporting": reporting, "weekly_counts": weekly_rows(weeks, reporting, as_of, declared)}


def declared(name: str) -> float:
    """A threshold: a variable of the dbt project."""
    project = yaml.safe_load((DBT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    return float(project["vars"][name])
