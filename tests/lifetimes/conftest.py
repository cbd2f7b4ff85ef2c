"""Counts of a made-up fleet, and the tables of the demo."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.home import Home
from pipelines.lifetimes.reading import AGE_MONTHS, Counts, DayTables, LifeTables

FIRST = 2023 * 12
LAST = 2026 * 12 + 9  # October 2026
SKUS = {f"S{number}": ("mower", "saw")[number % 2] for number in range(8)}


@pytest.fixture(scope="session")
def demo(demo_home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo's build file, read-only, with the planted truth in `memory.truth`."""
    with duckdb.connect() as con:
        con.execute(f"attach '{demo_home.build_file}' as build (read_only)")
        con.execute("create schema truth")
        for name in ("hazards", "skus", "tickets"):
            path = demo_home.truth / f"{name}.parquet"
            con.execute(f"create view truth.{name} as select * from read_parquet('{path}')")
        con.execute("use build")
        yield con


@pytest.fixture
def no_tables() -> LifeTables:
    """No life table at all."""
    nothing = np.zeros((0, AGE_MONTHS), np.int64)
    series = pl.DataFrame(schema=dict.fromkeys(("scope_type", "scope_id", "cause"), pl.String))
    return LifeTables(series, nothing, nothing, nothing)


@pytest.fixture
def steady_shop(no_tables: LifeTables) -> Counts:
    """Sixty machines a month of eight skus; each is claimed once in 100 months, every claim costs 50 EUR."""
    return shop(no_tables, rate=0.01, units=60)


def shop(tables: LifeTables, rate: float, units: int, seed: int = 1) -> Counts:
    """A fleet without leavers whose claims come at one rate, whatever the age and the season."""
    rng = np.random.default_rng(seed)
    fleet, claims, costs = [], [], []
    for sku in SKUS:
        for delivery in range(FIRST, LAST + 1):
            end = min(delivery + AGE_MONTHS, LAST)
            is_completed = delivery + AGE_MONTHS <= LAST
            fleet.append((sku, delivery, end, is_completed, not is_completed, units))
            for k in range(end - delivery + 1):
                # In calendar month k they pass from the k-th month in service to the next.
                for age_month in (k, k + 1):
                    count = int(rng.poisson(rate * units * 0.5)) if 1 <= age_month <= AGE_MONTHS else 0
                    if count:
                        claims.append((sku, delivery, delivery + k, age_month, count))
                        costs.append((sku, delivery + k, count, 50.0 * count, 2500.0 * count, 0))
    return Counts(
        tables,
        DayTables(pl.DataFrame(), pl.DataFrame()),
        pl.DataFrame(
            fleet, schema=["sku", "delivery", "end", "is_completed", "is_watched", "units"], orient="row"
        ),
        pl.DataFrame(
            claims, schema=["sku", "delivery", "claim", "request_age_month", "claims"], orient="row"
        ),
        pl.DataFrame(costs, schema=["sku", "closed", "claims", "cost", "squared", "costless"], orient="row")
        .group_by("sku", "closed")
        .sum()
        .sort("sku", "closed"),
        pl.DataFrame({"sku": list(SKUS), "family_code": list(SKUS.values())}),
        pl.DataFrame(),
    )
