"""What expectations are computed from, as it lies in the build file.

Belongs here: queries over tables. Does not belong here: numbers made of them. Every query is ordered, so that
equal tables give equal arrays whatever the order of their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from pipelines.home import Home


@dataclass(frozen=True)
class Weeks:
    """All that is read.

    units: sku, family_code, age_from_days, week, unit_weeks. claims: the same key, fault_code, claims,
    failures, misuse_refusals. delays: measure, appeared_on, delay_days, claims. covered: feed → the day up to
    which it speaks.
    """

    units: pl.DataFrame
    claims: pl.DataFrame
    delays: pl.DataFrame
    covered: dict[str, date]


def read_weeks(home: Home) -> Weeks:
    """Read the tables of the build file."""
    with duckdb.connect(str(home.build_file), read_only=True) as con:
        units = con.sql(
            """
            select sku, family_code, age_from_days, week, unit_weeks
            from intermediate.int_lifetimes__by_week
            order by all
            """
        ).pl()
        claims = con.sql(
            """
            select sku, family_code, age_from_days, week, fault_code, claims, failures, misuse_refusals
            from intermediate.int_claims__by_week
            order by all
            """
        ).pl()
        delays = con.sql(
            """
            select measure, appeared_on, delay_days, claims
            from intermediate.int_claims__by_delay
            order by all
            """
        ).pl()
        covered = con.sql("select feed, covered_until_on from meta.freshness order by feed").fetchall()
    return Weeks(units, claims, delays, dict(covered))


def read_cases(home: Home) -> pl.DataFrame:
    """Diagnosed claims by service centre and stratum of like cases."""
    with duckdb.connect(str(home.build_file), read_only=True) as con:
        return con.sql(
            """
            select
                service_center_id, family_code, is_unused, age_band, channel, diagnosed, misuse_verdicts
            from intermediate.int_claims__by_case_mix
            order by all
            """
        ).pl()
