"""The rows of `reporting`: how much of what will be known of a day is known by now.

A defect is known in steps: the customer asks, a workshop finds what it is, the case ends. Each measure waits
for its own step; its delay is estimated from what arrived lately, corrected for what cannot have arrived yet.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.expectations.reading import Weeks
from pipelines.reliability import (
    NoFailuresError,
    ReportingDelay,
    reported_share,
    reported_share_limits,
    reporting_delay,
)
from pipelines.reliability.observations import Floats

# A measure needs these feeds to speak of a day; one that was never delivered is asked nothing.
FEEDS = {
    "claims": ("orders", "tickets"),
    "failures": ("orders", "tickets", "repairs"),
    "faults": ("orders", "tickets", "repairs"),
    "misuse_refusals": ("orders", "tickets"),
}
# The delay rests on the shortest of these that holds so many reports: short enough to follow a drift.
RECENT_DAYS = (91, 182, 365)
ENOUGH_REPORTS = 300
LONGEST_DAYS = 365
SCHEMA = pl.Schema(
    {
        "measure": pl.String(),
        "appeared_on": pl.Date(),
        "covered_until_on": pl.Date(),
        "known": pl.Int64(),
        "reported_share": pl.Float64(),
        "reported_share_low": pl.Float64(),
        "reported_share_high": pl.Float64(),
        "still_to_come": pl.Float64(),
        "is_covered": pl.Boolean(),
        "is_enough": pl.Boolean(),
    }
)


def covered_until(weeks: Weeks, measure: str, as_of: date) -> date:
    """The day up to which all that the measure needs was delivered."""
    return min([as_of, *(weeks.covered[feed] for feed in FEEDS[measure] if feed in weeks.covered)])


def reporting_rows(weeks: Weeks, as_of: date, least: float) -> pl.DataFrame:
    """One row per measure × day of the last LONGEST_DAYS. least: the share from which on there is enough."""
    parts = []
    for measure in FEEDS:
        until = covered_until(weeks, measure, as_of)
        days = [as_of - timedelta(days=back) for back in range(LONGEST_DAYS, -1, -1)]
        elapsed = np.array([(until - day).days for day in days], float)
        delay = delay_of(weeks, measure, until)
        share, low, high = shares(delay, elapsed)
        seen = (
            weeks.delays.filter(pl.col("measure") == measure)
            .group_by("appeared_on")
            .agg(pl.col("claims").sum())
        )
        known_of = dict(seen.iter_rows())
        known = np.array([known_of.get(day, 0) for day in days], np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_come = np.where(share >= least, known * (1 - share) / share, np.nan)
        parts.append(
            pl.DataFrame(
                {
                    "measure": [measure] * len(days),
                    "appeared_on": days,
                    "covered_until_on": [until] * len(days),
                    "known": known,
                    "reported_share": share,
                    "reported_share_low": low,
                    "reported_share_high": high,
                    "still_to_come": to_come,
                    "is_covered": elapsed >= 0,
                    "is_enough": share >= least,
                },
                schema=SCHEMA,
            )
        )
    return pl.concat(parts).with_columns(pl.col("still_to_come").fill_nan(None))


def delay_of(weeks: Weeks, measure: str, until: date) -> ReportingDelay | None:
    """The measure's delay on the day up to which it is covered; None where nothing was reported."""
    mine = weeks.delays.filter(pl.col("measure") == measure)
    lag = mine["delay_days"].to_numpy().astype(float)
    elapsed = _days(mine, until)
    weight = mine["claims"].to_numpy().astype(float)
    keep = (lag <= elapsed) & (lag <= LONGEST_DAYS)
    lag, elapsed, weight = lag[keep], elapsed[keep], weight[keep]
    arrived = [float(weight[elapsed - lag < days].sum()) for days in RECENT_DAYS]
    recent = next(
        (days for days, count in zip(RECENT_DAYS, arrived, strict=True) if count >= ENOUGH_REPORTS),
        RECENT_DAYS[-1],
    )
    try:
        return reporting_delay(lag, elapsed, weight, recent=recent)
    except NoFailuresError:
        return None


def shares(delay: ReportingDelay | None, elapsed: Floats) -> tuple[Floats, Floats, Floats]:
    """Share reported after so many days with its limits; without a delay a day that is over is known."""
    if delay is None:
        whole = np.where(elapsed >= 0, 1.0, 0.0)
        return whole, whole, whole
    return (reported_share(delay, elapsed), *reported_share_limits(delay, elapsed))


def _days(rows: pl.DataFrame, until: date) -> Floats:
    return (
        rows.select((pl.lit(until) - pl.col("appeared_on")).dt.total_days())
        .to_series()
        .to_numpy()
        .astype(float)
    )
