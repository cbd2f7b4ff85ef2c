"""The rows of `claims_by_age`: what the first claim is about, and how many claims a machine brings.

Belongs here: which counts go into which curve, and their values at the end of each month in service. Does
not belong here: the curves (`pipelines.reliability`), nor what a cause is.

Causes compete: a machine's first claim has one of them, and the shares of all add up to the share claimed at
all (Aalen-Johansen). Repeats count in the mean number of claims per machine (mean cumulative function), whose
limits hold although a machine that was claimed once comes back more often than others.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.reading import AGE_MONTHS, Counts
from pipelines.months import DAYS_PER_MONTH
from pipelines.reliability import aalen_johansen, mean_cumulative

Floats = NDArray[np.float64]
ANY = "any"
SCOPES = ("family", "all")
# Where nothing happened yet: what the units watched exclude with 97.5 % (exact, as of a Poisson count of 0).
NONE_YET = -np.log(0.025)
# Leavers are counted by day before this age, then by week (`int_lifetimes__by_day`).
BY_DAY = 28
SHARE = ("first_share", "first_share_low", "first_share_high")
MEAN = ("claims_per_unit", "claims_per_unit_low", "claims_per_unit_high")
SCHEMA = pl.Schema(
    {
        "scope_type": pl.String(),
        "scope_id": pl.String(),
        "cause": pl.String(),
        "age_month": pl.Int64(),
        **dict.fromkeys(("watched_units", "first_claims", "claims"), pl.Int64()),
        **dict.fromkeys((*SHARE, *MEAN), pl.Float64()),
    }
)


def cause_rows(counts: Counts) -> pl.DataFrame:
    """One row per family (and all) × cause (and any) × month in service that somebody was watched in."""
    series = counts.life_tables.series.with_row_index("series").filter(
        (pl.col("cause") == ANY) & pl.col("scope_type").is_in(SCOPES)
    )
    parts = [SCHEMA.to_frame()]
    for number, scope_type, scope_id, _ in series.iter_rows():
        first = counts.day_tables.events.filter(pl.col("series") == number)
        unclaimed = counts.day_tables.left.filter(pl.col("series") == number)
        claims = counts.claims_at_ages
        if scope_type == "family":
            claims = claims.filter(pl.col("family_code") == scope_id)
        parts += [
            table.with_columns(scope_type=pl.lit(scope_type), scope_id=pl.lit(scope_id))
            .select(SCHEMA.names())
            .cast(dict(SCHEMA))
            for table in _scope(first, unclaimed, claims)
        ]
    return pl.concat(parts).sort("scope_type", "scope_id", "cause", "age_month")


def _scope(first: pl.DataFrame, unclaimed: pl.DataFrame, claims: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of one scope. first: first_cause, age, events; unclaimed: age, units."""
    units = claims.unique("unit", keep="first").sort("unit")
    unclaimed = unclaimed.with_columns(age=_to_the_last_day(pl.col("age")))
    ends = np.concatenate([units["watched_days"].to_numpy(), unclaimed["age"].to_numpy()]).astype(float)
    weight = np.concatenate([np.ones(len(units)), unclaimed["units"].to_numpy()]).astype(float)
    watched = np.array([weight[ends >= start].sum() for start in _starts()])
    months = np.flatnonzero(watched > 0)
    with np.errstate(divide="ignore"):
        most = NONE_YET / np.minimum.accumulate(watched)
    age = np.concatenate([first["age"].to_numpy(), unclaimed["age"].to_numpy()]).astype(float)
    count = np.concatenate([first["events"].to_numpy(), unclaimed["units"].to_numpy()]).astype(float)
    has_claim = np.arange(len(age)) < len(first)
    of_unit = np.searchsorted(units["unit"].to_numpy(), claims["unit"].to_numpy())
    tables = []
    for cause in (ANY, *sorted(claims["cause"].unique())):
        own_first = has_claim & _is(cause, [*first["first_cause"], *[None] * len(unclaimed)])
        own = _is(cause, claims["cause"].to_list())
        own_age = claims["age_days"].to_numpy()[own].astype(float)
        # The first claim of another cause, or of none of them, is told apart by 1 and 0.
        incidence = aalen_johansen(age, own_first.astype(int), has_claim, weight=count).get(1)
        mean = mean_cumulative(of_unit[own], own_age, ends, weight=weight) if own.any() else None
        shares = means = None
        if incidence is not None:
            limits = incidence.incidence_low, incidence.incidence_high
            share, low, high = _at_months(incidence.ages, incidence.incidence, *limits)
            # Where every machine was claimed: no less than what the units watched leave open.
            is_whole = share >= 1
            shares = [share, np.where(is_whole, np.exp(-most), low), np.where(is_whole, 1.0, high)]
        if mean is not None:
            means = _at_months(mean.ages, mean.mean, mean.mean_low, mean.mean_high)
        tables.append(
            pl.DataFrame(
                {
                    "cause": cause,
                    "age_month": np.arange(1, AGE_MONTHS + 1),
                    "watched_units": watched,
                    "first_claims": _counted(age[own_first], count[own_first]),
                    "claims": _counted(own_age, np.ones(len(own_age))),
                    **_filled(SHARE, shares, -np.expm1(-most)),
                    **_filled(MEAN, means, most),
                }
            )[months]
        )
    return tables


def _to_the_last_day(age: pl.Expr) -> pl.Expr:
    """The ages of who leaves, those of the last week at its end.

    Leavers of a week are counted at their mean age: a claim on the last day of all, when most machines are
    still watched, would else have nobody beside it, and every machine left would count as claimed.
    """
    week = (age / 7).floor()
    is_last = (week == week.max()) & (age >= BY_DAY)
    return pl.when(is_last).then(7 * week + 6).otherwise(age)


def _is(cause: str, causes: list[str | None]) -> NDArray[np.bool_]:
    return np.array([cause in (ANY, each) for each in causes], bool)


def _starts() -> Floats:
    """The first day of each month in service."""
    return np.ceil(np.arange(AGE_MONTHS) * DAYS_PER_MONTH)


def _month(age: Floats) -> NDArray[np.intp]:
    """Months in service from 0, as the life table has them."""
    return np.minimum(np.floor(age / DAYS_PER_MONTH), AGE_MONTHS - 1).astype(np.intp)


def _counted(age: Floats, count: Floats) -> Floats:
    return np.cumsum(np.bincount(_month(age), count, AGE_MONTHS).astype(float))


def _at_months(ages: Floats, *columns: Floats) -> list[Floats]:
    """Step functions at the end of each month in service; NaN before the first step."""
    last = np.searchsorted(_month(ages), np.arange(AGE_MONTHS), side="right") - 1
    return [np.where(last >= 0, column[np.maximum(last, 0)], np.nan) for column in columns]


def _filled(names: tuple[str, ...], found: list[Floats] | None, most: Floats) -> dict[str, Floats]:
    """Value and limits; where nothing happened yet 0, and at most what the units watched leave open."""
    nothing = (np.zeros(AGE_MONTHS), np.zeros(AGE_MONTHS), most)
    known = found or [np.full(AGE_MONTHS, np.nan)] * len(names)
    return {
        name: np.where(np.isnan(value), other, value)
        for name, value, other in zip(names, known, nothing, strict=True)
    }
