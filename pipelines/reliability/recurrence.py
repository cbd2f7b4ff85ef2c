"""Repeated failures of repaired units: the mean number (or cost) per unit by age, and its power law.

Belongs here: histories of events per unit with an end of observation. Does not: first failures
(product_limit.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, least_squares
from scipy.special import ndtri

from pipelines.reliability.doubts import NoFailuresError, ObservationError
from pipelines.reliability.observations import Floats, totals


@dataclass(frozen=True)
class MeanCumulative:
    """Mean cumulative number (or cost) per unit just after each event age; arrays of shape (ages,).

    `variance` is robust: it holds whatever the dependence between a unit's events. `independent_variance`
    assumes independent increments. Limits use the robust one.
    """

    ages: Floats
    at_risk: Floats
    events: Floats
    mean: Floats
    variance: Floats
    independent_variance: Floats
    mean_low: Floats
    mean_high: Floats
    confidence: float


@dataclass(frozen=True)
class PowerLaw:
    """E N(t) = (t/scale)^shape: shape above 1 is a fleet that wears, below 1 one that settles."""

    shape: float
    scale: float


def mean_cumulative(
    unit: ArrayLike,
    ages: ArrayLike,
    end_ages: ArrayLike,
    *,
    start_ages: ArrayLike = 0.0,
    amounts: ArrayLike = 1.0,
    weight: ArrayLike = 1.0,
    confidence: float = 0.95,
    limits: Literal["log", "normal"] = "log",
) -> MeanCumulative:
    """M(t) = sum_{t_j <= t} d_j/n_j; Var M(t) = sum_i (sum_{t_j <= t} r_ij (d_ij - d_j/n_j)/n_j)^2.

    unit: (events,) index into end_ages; ages: (events,); end_ages, start_ages: (units,) or scalar, between
    which each unit is watched, (start, end]; amounts: (events,) cost of each event, 1 for counts; weight:
    (units,) or scalar, how many units without an event a row stands for (1 where there is one). r_ij tells
    whether unit i is watched at t_j. Limits: "log" M exp(+-z se/M), "normal" M +- z se. Cost grows with
    events plus rows of units. Raises ObservationError for an event outside its unit's watch or of a row that
    stands for several units, NoFailuresError without events.

    Nelson 1995 (Technometrics 37:147); variance: Lawless & Nadeau 1995 (Technometrics 37:158), eq. 2.5.
    independent_variance: sum_j d_j (n_j-1)/n_j^3, as in ReliaSoft's recurrent event analysis.
    """
    owner = np.atleast_1d(np.asarray(unit, np.intp))
    age = np.atleast_1d(np.asarray(ages, float))
    end = np.atleast_1d(np.asarray(end_ages, float))
    start = np.broadcast_to(np.asarray(start_ages, float), end.shape)
    amount = np.broadcast_to(np.asarray(amounts, float), age.shape)
    counts = np.broadcast_to(np.asarray(weight, float), end.shape)
    if len(age) == 0:
        raise NoFailuresError(float(counts.sum()))
    shared = np.flatnonzero(counts[owner] != 1)
    if len(shared):
        raise ObservationError(
            f"Event {shared[0]} belongs to a row that stands for {counts[owner[shared[0]]]:g} units. "
            "Give each unit with an event a row of its own."
        )
    outside = (age > end[owner]) | ((age <= start[owner]) & (age > 0))
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise ObservationError(
            f"{int(outside.sum())} event(s) lie outside their unit's watch, the first being event "
            f"{first}: age {age[first]:g}, unit {owner[first]} watched from {start[owner[first]]:g} to "
            f"{end[owner[first]]:g}. Extend the watch or drop the event."
        )
    grid, where = np.unique(age, return_inverse=True)
    entered = _weight_below(start, counts, grid)
    entered = np.where(grid == 0, counts[start <= 0].sum(), entered)
    at_risk = entered - _weight_below(end, counts, grid)
    sums = totals(where, amount, len(grid))
    mean = np.cumsum(sums / at_risk)
    squares = totals(where, amount**2, len(grid))
    independent = np.cumsum((squares - squares / at_risk) / at_risk**2)
    variance = _robust_variance(grid, where, owner, amount, start, end, counts, at_risk, sums)
    z = ndtri(0.5 + confidence / 2)
    error = np.sqrt(variance)
    if limits == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.exp(z * error / mean)
        low, high = mean / factor, mean * factor
    else:
        low, high = mean - z * error, mean + z * error
    return MeanCumulative(
        grid,
        at_risk,
        totals(where, np.ones(len(age)), len(grid)),
        mean,
        variance,
        independent,
        low,
        high,
        confidence,
    )


def _weight_below(values: Floats, weight: Floats, grid: Floats) -> Floats:
    """Total weight of the values below each grid point."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weight[order])])
    return sums[np.searchsorted(values[order], grid, side="left")]


def _robust_variance(
    grid: Floats,
    where: NDArray[np.intp],
    owner: NDArray[np.intp],
    amount: Floats,
    start: Floats,
    end: Floats,
    weight: Floats,
    at_risk: Floats,
    sums: Floats,
) -> Floats:
    """sum_i A_i(t)^2: A_i is the unit's sum of events / n, less the drift C(t) = sum d/n^2 while watched.

    A watched unit's A_i is (own sum - C), so running totals of own sums and their squares give the total
    over all watched units; a unit that leaves adds its last square for good.
    """
    drift = np.cumsum(sums / at_risk**2)
    drift_before = np.concatenate([[0.0], drift])
    own = drift_before[np.where(start > 0, np.searchsorted(grid, start, side="right"), 0)]
    entering, leaving = np.argsort(start, kind="stable"), np.argsort(end, kind="stable")
    first_watched = np.searchsorted(start[entering], grid, side="left")
    first_watched = np.where(grid == 0, np.sum(start <= 0), first_watched)
    last_gone = np.searchsorted(end[leaving], grid, side="left")
    by_age = np.argsort(where, kind="stable")
    bounds = np.searchsorted(where[by_age], np.arange(len(grid) + 1))
    count = total = total_squares = settled = 0.0
    came = went = 0
    out = np.empty(len(grid))
    for j in range(len(grid)):
        fresh, gone = entering[came : first_watched[j]], leaving[went : last_gone[j]]
        came, went = int(first_watched[j]), int(last_gone[j])
        count += weight[fresh].sum() - weight[gone].sum()
        total += weight[fresh] @ own[fresh] - weight[gone] @ own[gone]
        total_squares += weight[fresh] @ own[fresh] ** 2 - weight[gone] @ own[gone] ** 2
        settled += weight[gone] @ (own[gone] - drift_before[j]) ** 2
        rows = by_age[bounds[j] : bounds[j + 1]]
        touched, added_at = np.unique(owner[rows], return_inverse=True)
        added = totals(added_at, amount[rows], len(touched)) / at_risk[j]
        total += added.sum()
        total_squares += (added * (2 * own[touched] + added)).sum()
        own[touched] += added
        out[j] = settled + total_squares - 2 * drift[j] * total + count * drift[j] ** 2
    return np.maximum(out, 0.0)


def fit_power_law(ages: ArrayLike, end_ages: ArrayLike) -> PowerLaw:
    """E N(t) = (t/scale)^shape for each unit, a Poisson process: maximum likelihood.

    N/shape + sum log t_j = N sum T_i^shape log T_i / sum T_i^shape;  scale = (sum T_i^shape / N)^(1/shape)
    ages: (events,) of all units; end_ages: (units,) the T_i, each unit watched from age 0.

    Crow 1974, Reliability analysis for complex repairable systems (time-truncated, several systems);
    Rigdon & Basu 2000, section 5.2. Raises NoFailuresError without events.
    """
    age, end = np.atleast_1d(np.asarray(ages, float)), np.atleast_1d(np.asarray(end_ages, float))
    if len(age) == 0:
        raise NoFailuresError(len(end))
    longest = float(end.max())
    log_end, log_age = np.log(end / longest), np.log(age / longest)
    n = len(age)

    def slope(shape: float) -> float:
        power = np.exp(shape * log_end)
        return n / shape + log_age.sum() - n * (power * log_end).sum() / power.sum()

    shape = float(brentq(slope, 1e-6, 1e4, xtol=1e-13))
    return PowerLaw(shape, longest * float((np.exp(shape * log_end).sum() / n) ** (1 / shape)))


def power_law_through(curve: MeanCumulative) -> PowerLaw:
    """Least squares of (t/scale)^shape through the events of a mean cumulative function, ties one by one.

    What the `reliability` library and ReliaSoft's parametric recurrent plot draw; fit_power_law uses the
    data better.
    """
    n = np.repeat(curve.at_risk, curve.events.astype(int))
    age, mean = np.repeat(curve.ages, curve.events.astype(int)), np.cumsum(1.0 / n)
    x = np.log(age)
    start = np.polyfit(x, np.log(mean), 1)
    fit = least_squares(
        lambda q: np.exp(q[0] * x + q[1]) - mean,
        start,
        jac=lambda q: np.exp(q[0] * x + q[1])[:, None] * np.stack([x, np.ones_like(x)], axis=1),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    shape, intercept = fit.x
    return PowerLaw(float(shape), float(np.exp(-intercept / shape)))
