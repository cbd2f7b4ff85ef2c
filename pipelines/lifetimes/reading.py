"""What fits and forecasts are computed from, as it lies in the build file.

Belongs here: queries over intermediate tables, rows into arrays. Does not belong here: numbers made of them.
Every query is ordered, so that equal tables give equal arrays whatever the order of their rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.home import Home

Counts2 = NDArray[np.int64]
AGE_MONTHS = 24


@dataclass(frozen=True)
class LifeTables:
    """Counts by scope × cause (a row of `series` each) and month in service: arrays (series, 24)."""

    series: pl.DataFrame
    events: Counts2
    left: Counts2
    left_days: Counts2


@dataclass(frozen=True)
class DayTables:
    """The same series by day, as rows; ages in days, `series` numbers the rows of LifeTables.series.

    events: series, first_cause (of cause any), after, age, events: each lies in (after, age], or on the day
    where both are one. left: series, age (mean), units.
    """

    events: pl.DataFrame
    left: pl.DataFrame


@dataclass(frozen=True)
class Counts:
    """All that is read. Months are counted from year 0, so that they subtract.

    fleet: sku, delivery, end (months), is_completed, is_watched, units. claims: sku, delivery, claim
    (months), request_age_month, claims. costs: sku, closed (month), claims, cost, squared, costless.
    families: sku and its family_code. claims_at_ages: unit (a number), family_code, cause, age_days,
    watched_days.
    """

    life_tables: LifeTables
    day_tables: DayTables
    fleet: pl.DataFrame
    claims: pl.DataFrame
    costs: pl.DataFrame
    families: pl.DataFrame
    claims_at_ages: pl.DataFrame


def read_counts(home: Home) -> Counts:
    """Read the intermediate tables of the build file."""
    with duckdb.connect(str(home.build_file), read_only=True) as con:
        cells = con.sql(
            """
            select
                scope_type, scope_id, cause, age_month, events, censored + completed as left_units, left_days
            from intermediate.int_lifetimes__by_age
            where cohort is null and bound = 'known'
            order by scope_type, scope_id, cause, age_month
            """
        ).pl()
        days = con.sql(
            """
            select
                scope_type, scope_id, cause, first_cause, after_days as after, age_days as age, events,
                left_units as units, left_days as days
            from intermediate.int_lifetimes__by_day
            order by all
            """
        ).pl()
        fleet = con.sql(
            f"""
            select
                sku, {_month("delivery_month")} as delivery, {_month("end_month")} as end,
                is_completed, is_watched,
                sum(units)::bigint as units
            from intermediate.int_lifetimes__by_month
            group by all
            order by all
            """
        ).pl()
        claims = con.sql(
            f"""
            select
                sku, {_month("delivery_month")} as delivery, {_month("claim_month")} as claim,
                request_age_month, sum(claims)::bigint as claims
            from intermediate.int_claims__by_month
            group by all
            order by all
            """
        ).pl()
        costs = con.sql(
            f"""
            select
                sku, {_month("closed_month")} as closed, sum(claims)::bigint as claims,
                sum(net_cost_eur)::double as cost, sum(squared_cost_eur2)::double as squared,
                sum(costless_claims)::bigint as costless
            from intermediate.int_claims__cost_by_month
            group by all
            order by all
            """
        ).pl()
        at_ages = con.sql(
            """
            select
                dense_rank() over (order by order_id, line_number, unit_number, lifetime_number) as unit,
                family_code, cause, age_days, watched_days
            from intermediate.int_claims__at_ages
            order by unit, age_days, cause
            """
        ).pl()
        families = con.sql(
            "select sku, family_code from intermediate.int_lifetimes__by_month group by all order by all"
        ).pl()
    tables = life_tables(cells)
    return Counts(tables, day_tables(days, tables.series), fleet, claims, costs, families, at_ages)


def life_tables(cells: pl.DataFrame) -> LifeTables:
    """Rows ordered by series and month in service, 24 of each, as arrays."""

    def by_month(column: str) -> Counts2:
        return cells[column].to_numpy().astype(np.int64).reshape(-1, AGE_MONTHS)

    series = cells.select("scope_type", "scope_id", "cause").gather_every(AGE_MONTHS)
    return LifeTables(series, by_month("events"), by_month("left_units"), by_month("left_days"))


def day_tables(rows: pl.DataFrame, series: pl.DataFrame) -> DayTables:
    """Rows of int_lifetimes__by_day by series: who left without the event, and the events."""
    numbered = series.with_row_index("series")
    own = rows.join(numbered, on=["scope_type", "scope_id", "cause"], how="inner")
    everyone = rows.filter(pl.col("cause") == "*").join(numbered, on=["scope_type", "scope_id"], how="inner")
    columns = ["series", "age", "units", "days"]
    left = (
        pl.concat([everyone.select(columns), own.filter(pl.col("units") != 0).select(columns)])
        .group_by("series", "age")
        .agg(pl.col("units", "days").sum())
        .filter(pl.col("units") > 0)
        .select("series", "units", age=pl.col("days") / pl.col("units"))
        .sort("series", "age")
    )
    events = own.filter(pl.col("events") > 0).select("series", "first_cause", "after", "age", "events")
    return DayTables(events.sort(events.columns), left)


def _month(column: str) -> str:
    return f"(extract(year from {column}) * 12 + extract(month from {column}) - 1)::bigint"
