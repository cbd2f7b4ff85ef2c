"""What a family's machines do with age and season, as known on one day: the curve behind a forecast.

Belongs here: the fit of claims by age, the factor of each month of the year, what scatters beyond chance,
the level of a scope that has no curve of its own. Does not belong here: the future (`forecasting`).

Claims are those asked for, repeats included: a repaired machine stays in service and may come back. So
they are a Poisson process of cumulative intensity H per unit, which is a Weibull fit in the limit of rare
events: each unit counts as RARE units of an H that is RARE times smaller.

H has two stretches, each a Weibull of its own: the first months in service (dead on arrival, misread
manuals, infant failures) and the rest of the guarantee. One curve through both expects a third too few
claims of old machines, because what is lost within days drags its tail down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.lifetimes.fleets import YEAR, Fleet, Floats, Integers, counted_claims
from pipelines.lifetimes.reading import AGE_MONTHS
from pipelines.reliability import (
    Doubt,
    ShrunkenRates,
    claims_per_unit,
    fit_weibull_groups,
    overdispersion,
    shared_profile,
    shrink_rates,
)

RARE = 1e6
# Within so many months a machine that never ran well is back.
EARLY_MONTHS = 3
CONFIDENCE = 0.95
NORMAL = 1.959963984540054


@dataclass(frozen=True)
class Stretch:
    """The ages, in months, over which one Weibull holds."""

    start: int
    end: int


STRETCHES = (Stretch(0, EARLY_MONTHS), Stretch(EARLY_MONTHS, AGE_MONTHS))


@dataclass(frozen=True)
class Curves:
    """One curve per family and, last, one of all: arrays (stretches, families + 1) unless said otherwise.

    scale is that of RARE units. covariance: (…, 2, 2) of (log scale, log shape). season: (…, 12) factor of
    each month of the year, January first, and the variance of its logarithm: what fails at once keeps other
    seasons than what fails in use. claims: (families + 1,) how many the fits rest on.
    is_known: (families + 1,) both stretches fitted and enough. scatter: variance per expected claim of a
    month of a family, and of all.
    """

    shape: Floats
    scale: Floats
    covariance: Floats
    season: Floats
    season_log_variance: Floats
    claims: Floats
    is_known: NDArray[np.bool_]
    scatter: tuple[float, float]


def fit_curves(fleet: Fleet, claims: pl.DataFrame, least: int) -> Curves:
    """Fit every family of a fleet (scope = family) and all of them together, from claims known on its day."""
    rows = fleet.scopes + 1
    known = claims.filter(pl.col("claim") <= fleet.origin.month)
    place = known["scope"].to_numpy() * AGE_MONTHS + known["request_age_month"].to_numpy() - 1
    events = np.bincount(place, known["claims"].to_numpy().astype(float), fleet.scopes * AGE_MONTHS)
    events = events.reshape(fleet.scopes, AGE_MONTHS)
    events = np.vstack([events, events.sum(axis=0)])
    sample, age, units = _at_ages(fleet)
    lists: list[tuple[NDArray[np.number], ...]] = []
    for number, stretch in enumerate(STRETCHES):
        family, month = np.nonzero(events[:, stretch.start : stretch.end])
        month += stretch.start
        claimed = (
            number * rows + family,
            month,
            month + 1,
            np.full(len(month), stretch.start),
            events[family, month],
        )
        there = age > stretch.start
        last = np.minimum(age[there], stretch.end)
        watched = (
            *(number * rows + sample[there], last, np.full_like(last, np.inf)),
            *(np.full_like(last, stretch.start), RARE * units[there]),
        )
        lists += [claimed, watched]
    of, left, right, entry, weight = (np.concatenate(column) for column in zip(*lists, strict=True))
    fit = fit_weibull_groups(of, left, right, entry, weight, samples=len(STRETCHES) * rows, limits="wald")
    by_stretch = (len(STRETCHES), rows)
    is_good = ((fit.doubt == Doubt.NONE) & (fit.events >= least)).reshape(by_stretch)
    is_known = is_good.all(axis=0)
    return _with_seasons(
        Curves(
            shape=np.where(is_known, fit.shape.reshape(by_stretch), 1.0),
            scale=np.where(is_known, fit.scale.reshape(by_stretch), 1.0),
            covariance=np.where(is_known[:, None, None], fit.log_covariances.reshape(*by_stretch, 2, 2), 0.0),
            season=np.ones((*by_stretch, YEAR)),
            season_log_variance=np.zeros((*by_stretch, YEAR)),
            claims=events.sum(axis=1),
            is_known=is_known,
            scatter=(1.0, 1.0),
        ),
        fleet,
        known,
    )


def curve_of(curves: Curves, family: Integers) -> Integers:
    """The curve that a family goes by: its own where it is known, else that of all."""
    return np.where(curves.is_known[family], family, len(curves.claims) - 1)


def expected_by_month(curves: Curves, fleet: Fleet, curve: Integers, first_month: int) -> Floats:
    """Claims that the curves expect of a fleet in each full month so far: (stretches, scopes, months)."""
    parts = []
    for number, stretch in enumerate(STRETCHES):
        cells = claims_per_unit(curves.shape[number], curves.scale[number], stretch.start, stretch.end)
        per_unit = np.zeros((len(curves.claims), AGE_MONTHS + 1))
        per_unit[:, : cells.shape[1]] = RARE * cells
        expected = fleet.expected(per_unit, curve, first_month)
        parts.append(expected * season_of(curves.season[number, curve], first_month, expected.shape[1]))
    return np.stack(parts)


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
    """Gamma-Poisson levels of scopes from claims by month, (scopes, months), and what still scatters."""
    count, exposure = observed.sum(axis=1), expected.sum(axis=1)
    level, spread, own = np.ones(len(count)), np.zeros(len(count)), np.zeros(len(count))
    rows = np.flatnonzero(exposure > 0)
    if count[rows].sum() > 0:
        drawn = shrink_rates(count[rows], exposure[rows], group[rows], CONFIDENCE)
        level[rows], own[rows] = drawn.rate, drawn.own_share
        spread[rows] = _log_variance(drawn)
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

    A factor is claims over expected claims of that month, of a whole year of months at least.
    """
    if len(fleet.delivery) == 0 or not curves.is_known[-1]:
        return curves
    first = int(fleet.delivery.min())
    months = fleet.origin.last_full_month - first + 1
    families = fleet.scopes
    curve = curve_of(curves, np.arange(families))
    expected = expected_by_month(curves, fleet, curve, first)
    observed = np.stack(
        [
            counted_claims(
                claims.filter(pl.col("request_age_month").is_between(stretch.start + 1, stretch.end)),
                *(first, months, families),
            )
            for stretch in STRETCHES
        ]
    )
    expected, observed = (
        np.concatenate([x, x.sum(axis=1, keepdims=True)], axis=1) for x in (expected, observed)
    )
    season, spread = curves.season.copy(), curves.season_log_variance.copy()
    factors = np.zeros((len(STRETCHES), families + 1))
    of_year = (first + np.arange(months)) % YEAR
    for stretch in range(len(STRETCHES)):
        seen, foreseen = (
            np.stack([np.bincount(of_year, row, YEAR) for row in x[stretch]]).astype(float)
            for x in (observed, expected)
        )
        if months >= YEAR and np.all(foreseen[-1] > 0) and seen[-1].sum() > 0:
            season[stretch], spread[stretch], factors[stretch] = _years(seen, foreseen, curves.is_known)
    at = [*curve, families]
    fitted = sum(expected[n] * season_of(season[n, at], first, months) for n in range(len(STRETCHES)))
    counted = observed.sum(axis=0)
    # What is counted is the month's claims of both stretches: a month of the year has one factor there.
    parameters = 2.0 * len(STRETCHES) + factors.max(axis=0)
    scatter = (
        overdispersion(counted[:-1], fitted[:-1], round(parameters[:-1].sum())),
        overdispersion(counted[-1], fitted[:-1].sum(axis=0), round(parameters[-1])),
    )
    return replace(curves, season=season, season_log_variance=spread, scatter=scatter)


def _years(seen: Floats, foreseen: Floats, is_known: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Factors, the variance of their logarithms, and how many are in effect free, of families and, last, all.

    Families follow the year of all more or less strongly (what is used in winter too hardly does, and hides
    how deep the winter of the others is); what is left of a family's own year is drawn toward none.
    """
    shared = shared_profile(seen[:-1], foreseen[:-1])
    year = np.exp(shared.profile)
    # Families without a curve of their own go by all's.
    factor = np.vstack([shared.factor, year * foreseen[-1].sum() / (foreseen[-1] @ year)])
    spread = np.vstack(
        [
            shared.log_variance,
            shared.profile_log_variance + shared.strength_variance * shared.profile**2,
        ]
    )
    free = np.append(np.zeros(len(seen) - 1), YEAR - 1.0)
    for row in np.flatnonzero(is_known[:-1]):
        if np.all(foreseen[row] > 0) and seen[row].sum() > 0:
            own = shrink_rates(seen[row], foreseen[row] * factor[row], confidence=CONFIDENCE)
            factor[row] *= own.rate
            spread[row] += _log_variance(own)
            free[row] = own.own_share.sum()
    return factor, spread, free


def _log_variance(drawn: ShrunkenRates) -> Floats:
    """Variance of the logarithm of shrunken rates, from their limits."""
    return ((np.log(drawn.rate_high) - np.log(drawn.rate_low)) / (2 * NORMAL)) ** 2
