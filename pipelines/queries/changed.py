"""What changed between two periods, and how much of it is volume, mix and rate: parts that add up exactly.

Claims and machines under guarantee come from one table, week by week, so that both sides of a rate are the
same machines. What that table does not know of a claim (cause, centre) is compared by request alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.queries import intervals
from pipelines.queries.measures import values_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.weeks import Week

MART = "fct_warranty_exposure"
# How long a period may be, in weeks, and what it is set against.
LENGTHS = (4, 13, 26, 52)
AGAINST = ("year", "before")
# By what the difference can be split: with machines under guarantee, and by request alone.
BY_UNITS = ("family_code", "sku", "supplier_id", "lot_code")
BY_REQUEST = ("cause", "service_center_id", "fault_code")
PARTS = ("volume", "mix", "rate")


@dataclass(frozen=True)
class Periods:
    """Two stretches of whole weeks, both ends included."""

    before_from: date
    before_until: date
    now_from: date
    now_until: date


@dataclass(frozen=True)
class Change:
    """The whole difference: claims and machine-weeks of both periods, its parts, the ratio of rates."""

    claims_before: int
    claims_now: int
    units_before: int
    units_now: int
    volume: float
    mix: float
    rate: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None

    @property
    def difference(self) -> int:
        """Claims now less claims before: volume + mix + rate."""
        return self.claims_now - self.claims_before


def periods(as_of: date, weeks: int, against: str) -> Periods:
    """The last complete weeks before the as-of date, and as many a year (52 weeks) or directly before."""
    last = Week.last_complete(as_of)
    first = last.earlier(weeks - 1)
    back = 52 if against == "year" else weeks
    return Periods(first.earlier(back).monday, last.earlier(back).sunday, first.monday, last.sunday)


def split(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds difference, volume, mix and rate to rows of units_before, units_now, claims_before, claims_now.

    Claims are Σ E·s·r: machine-weeks, the group's share of them, its rate. The difference of a product is
    split with each factor's change at the mean of the others, first E against s·r, then s against r (Das
    Gupta, Standardization and Decomposition of Rates, US Census Bureau P23-186, 1993): no part is left over,
    and swapping the periods only changes signs. A group that has machines in one period alone has the same
    rate in both: its change is all mix.
    """
    units_before, units_now = (float(frame[name].sum()) for name in ("units_before", "units_now"))
    shares = [
        (pl.col(f"units_{when}") / total if total else pl.lit(0.0)).alias(f"s_{when}")
        for when, total in (("before", units_before), ("now", units_now))
    ]
    rates = [
        pl.when(pl.col(f"units_{when}") > 0)
        .then(pl.col(f"claims_{when}") / pl.col(f"units_{when}"))
        .alias(f"r_{when}")
        for when in ("before", "now")
    ]
    filled = [
        pl.coalesce(f"r_{when}", f"r_{other}", pl.lit(0.0)).alias(f"r_{when}")
        for when, other in (("before", "now"), ("now", "before"))
    ]
    middle = (units_before + units_now) / 2
    held = (pl.col("s_before") * pl.col("r_before") + pl.col("s_now") * pl.col("r_now")) / 2
    mixed = (pl.col("s_now") - pl.col("s_before")) * (pl.col("r_before") + pl.col("r_now")) / 2
    rated = (pl.col("r_now") - pl.col("r_before")) * (pl.col("s_before") + pl.col("s_now")) / 2
    return (
        frame.with_columns(*shares, *rates)
        .with_columns(*filled)
        .with_columns(
            difference=pl.col("claims_now") - pl.col("claims_before"),
            volume=(units_now - units_before) * held,
            mix=middle * mixed,
            rate=middle * rated,
        )
        .drop("s_before", "s_now", "r_before", "r_now")
    )


def by_units(snapshot: Snapshot, column: str, asked: Periods, scope: Scope) -> pl.DataFrame:
    """One row per group of a column of BY_UNITS, the largest difference first, with its parts."""
    condition, parameters = where(MART, scope.without_period())
    found = snapshot.rows(
        f"""
        select
            {column},
            cast(coalesce(sum(unit_weeks) filter (week between $1 and $2), 0) as bigint) as units_before,
            cast(coalesce(sum(unit_weeks) filter (week between $3 and $4), 0) as bigint) as units_now,
            cast(coalesce(sum(claims) filter (week between $1 and $2), 0) as bigint) as claims_before,
            cast(coalesce(sum(claims) filter (week between $3 and $4), 0) as bigint) as claims_now
        from (select * from marts.{MART} where {_numbered(condition)})
        group by {column}
        having units_before + units_now > 0
        """,
        [asked.before_from, asked.before_until, asked.now_from, asked.now_until, *parameters],
    )
    return split(found).sort(pl.col("difference").abs(), column, descending=[True, False], nulls_last=True)


def change(snapshot: Snapshot, asked: Periods, scope: Scope) -> Change | None:
    """The whole difference in scope, split by product; None where no machine was under guarantee."""
    found = by_units(snapshot, "sku", asked, scope)
    sums = {
        name: int(found[name].sum()) for name in ("claims_before", "claims_now", "units_before", "units_now")
    }
    if not sums["units_before"] + sums["units_now"]:
        return None
    limits, ratio = intervals.NONE, None
    if sums["units_before"] and sums["units_now"]:
        limits = intervals.rate_ratio(
            sums["claims_now"], sums["units_now"], sums["claims_before"], sums["units_before"]
        )
        if sums["claims_before"]:
            ratio = sums["claims_now"] / sums["units_now"] / (sums["claims_before"] / sums["units_before"])
    parts = {name: float(found[name].sum()) for name in PARTS}
    return Change(**sums, **parts, ratio=ratio, ratio_low=limits.low, ratio_high=limits.high)


def by_request(snapshot: Snapshot, column: str, asked: Periods, scope: Scope) -> pl.DataFrame:
    """Claims asked for in each period by a column of BY_REQUEST: claims_before, claims_now, difference."""
    found = [
        values_by(snapshot, "fct_claims", ["claims"], [column], _within(scope, first, last)).select(
            column, pl.lit(when).alias("when"), claims=pl.col("events").cast(pl.Int64)
        )
        for when, first, last in (
            ("before", asked.before_from, asked.before_until),
            ("now", asked.now_from, asked.now_until),
        )
    ]
    every = (
        pl.concat(found)
        .group_by(column)
        .agg(
            pl.col("claims").filter(pl.col("when") == "before").sum().alias("claims_before"),
            pl.col("claims").filter(pl.col("when") == "now").sum().alias("claims_now"),
        )
    )
    return (
        every.filter(pl.col("claims_before") + pl.col("claims_now") > 0)
        .with_columns(difference=pl.col("claims_now") - pl.col("claims_before"))
        .sort(pl.col("difference").abs(), column, descending=[True, False], nulls_last=True)
    )


def _within(scope: Scope, first: date, last: date) -> Scope:
    return Scope(
        scope.family_code, scope.sku, scope.service_center_id, first, last, scope.supplier_id, scope.lot_code
    )


def _numbered(condition: str) -> str:
    """The condition with its question marks numbered after the four days of the periods."""
    first, *rest = condition.split("?")
    return first + "".join(f"${place}{part}" for place, part in enumerate(rest, start=5))
