"""What a family's machines do with age and season, as known on one day: the curve behind a forecast.

Belongs here: the fit of claims by age, the factor of each month of the year, what scatters beyond chance,
the level of a scope that has no curve of its own. Does not belong here: the future (`forecasting`).

Claims are those asked for, repeats included: a repaired machine stays in service and may come back. So
they are a Poisson process of cumulative intensity H per unit, which is a Weibull fit in the limit of rare
events: each unit counts as RARE units of an H that is RARE times smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.fleets import YEAR, Fleet, Floats, Integers, counted_claims
from pipelines.lifetimes.reading import AGE_MONTHS
from pipelines.reliability import (
    Doubt,
    claims_per_unit,
    fit_weibull_life_tables,
    overdispersion,
    shrink_rates,
)

RARE = 1e6
CONFIDENCE = 0.95
NORMAL = 1.959963984540054


@dataclass(frozen=True)
class Curves:
    """One curve per family and, last, one of all: arrays (families + 1,) unless said otherwise.

    scale is that of RARE units. covariance: (…, 2, 2) of (log scale, log shape). season: (…, 12) factor of
    each month of the year, January first. claims: how many the fit rests on. is_known: fitted and enough.
    scatter: variance per expected claim of a month of a family, and of all.
    """

    shape: Floats
    scale: Floats
    covariance: Floats
    season: Floats
    claims: Floats
    is_known: NDArray[np.bool_]
    scatter: tuple[float, float]


def fit_curves(fleet: Fleet, claims: pl.DataFrame, least: int) -> Curves:
    """Fit every family of a fleet (scope = family) and all of them together, from claims known on its day."""
    families = fleet.scopes
    known = claims.filter(pl.col("claim") <= fleet.origin.month)
    place = known["scope"].to_numpy() * AGE_MONTHS + known["request_age_month"].to_numpy() - 1
    events = np.bincount(place, known["claims"].to_numpy().astype(float), families * AGE_MONTHS)
    events = np.vstack([events.reshape(families, AGE_MONTHS), np.zeros((1, AGE_MONTHS))])
    events[-1] = events[:-1].sum(axis=0)
    sample, age, units = _at_ages(fleet)
    fit = fit_weibull_life_tables(
        events, np.zeros_like(events), exact_censoring=(sample, age, units * RARE), limits="wald"
    )
    total = events.sum(axis=1)
    is_known = (fit.doubt == Doubt.NONE) & (total >= least)
    shape, scale = (np.where(is_known, values, 1.0) for values in (fit.shape, fit.scale))
    covariance = np.where(is_known[:, None, None], fit.log_covariances, 0.0)
    flat = Curves(shape, scale, covariance, np.ones((families + 1, YEAR)), total, is_known, (1.0, 1.0))
    return _with_seasons(flat, fleet, known)


def curve_of(curves: Curves, family: Integers) -> Integers:
    """The curve that a family goes by: its own where it is known, else that of all."""
    return np.where(curves.is_known[family], family, len(curves.shape) - 1)


def expected_by_month(curves: Curves, fleet: Fleet, curve: Integers, first_month: int) -> Floats:
    """Claims that the curves expect of a fleet in each full month so far, seasons included."""
    per_unit = RARE * claims_per_unit(curves.shape, curves.scale)
    expected = fleet.expected(per_unit, curve, first_month)
    return expected * season_of(curves.season[curve], first_month, expected.shape[1])


def season_of(season: Floats, first_month: int, months: int) -> Floats:
    """The factors of consecutive calendar months."""
    return season[:, (first_month + np.arange(months)) % YEAR]


@dataclass(frozen=True)
class Levels:
    """How much more or less than its curve a scope claims: (scopes,), drawn toward its group."""

    level: Floats
    log_variance: Floats
    scatter: float


def levels(observed: Floats, expected: Floats, group: Integers) -> Levels:
    """Gamma-Poisson levels of scopes from their claims by month, (scopes, months), and what still scatters."""
    count, exposure = observed.sum(axis=1), expected.sum(axis=1)
    level, spread, own = np.ones(len(count)), np.zeros(len(count)), np.zeros(len(count))
    rows = np.flatnonzero(exposure > 0)
    if count[rows].sum() > 0:
        drawn = shrink_rates(count[rows], exposure[rows], group[rows], CONFIDENCE)
        level[rows], own[rows] = drawn.rate, drawn.own_share
        spread[rows] = ((np.log(drawn.rate_high) - np.log(drawn.rate_low)) / (2 * NORMAL)) ** 2
    scatter = overdispersion(observed, expected * level[:, None], int(own.sum()))
    return Levels(level, spread, scatter)


def _at_ages(fleet: Fleet) -> tuple[Integers, Floats, Floats]:
    """Units by scope and age, those of all added as the last scope; ordered, so that sums never change."""
    rows = pl.DataFrame({"scope": fleet.scope, "age": fleet.age, "units": fleet.units})
    both = pl.concat([rows, rows.with_columns(scope=pl.lit(fleet.scopes, dtype=rows.schema["scope"]))])
    cells = both.group_by("scope", "age").agg(pl.col("units").sum()).sort("scope", "age")
    return cells["scope"].to_numpy(), cells["age"].to_numpy(), cells["units"].to_numpy()


def _with_seasons(curves: Curves, fleet: Fleet, claims: pl.DataFrame) -> Curves:
    """Add the factor of each month of the year, and what scatters beyond chance around curve and season.

    A factor is claims over expected claims of that month, drawn toward 1 by how much months differ at all.
    A family needs a whole year of months.
    """
    if len(fleet.delivery) == 0 or not curves.is_known[-1]:
        return curves
    first = int(fleet.delivery.min())
    months = fleet.origin.last_full_month - first + 1
    families = fleet.scopes
    curve = curve_of(curves, np.arange(families))
    expected = expected_by_month(curves, fleet, curve, first)
    observed = counted_claims(claims, first, months, families)
    expected, observed = (np.vstack([x, x.sum(axis=0)]) for x in (expected, observed))
    season, parameters = np.ones((families + 1, YEAR)), np.full(families + 1, 2.0)
    for row in np.flatnonzero(curves.is_known):
        by_month = [
            np.bincount((first + np.arange(months)) % YEAR, x[row], YEAR) for x in (observed, expected)
        ]
        if months >= YEAR and np.all(by_month[1] > 0):
            drawn = shrink_rates(*by_month)
            season[row] = drawn.rate
            parameters[row] += drawn.own_share.sum()
    fitted = expected * season_of(season[[*curve, families]], first, months)
    fitted[-1] = fitted[:-1].sum(axis=0)
    scatter = (
        overdispersion(observed[:-1], fitted[:-1], round(parameters[:-1].sum())),
        overdispersion(observed[-1], fitted[-1], round(parameters[-1])),
    )
    return Curves(
        curves.shape, curves.scale, curves.covariance, season, curves.claims, curves.is_known, scatter
    )
