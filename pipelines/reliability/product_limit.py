"""The product-limit estimate of survival, with Greenwood's variance and log-log limits.

Belongs here: survival at arbitrary ages from exact, right-censored and left-truncated units.
Does not: interval-censored failures (weibull.py and lognormal.py fit them; a life table groups them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats, Observations, totals


@dataclass(frozen=True)
class SurvivalCurve:
    """Survival after each age; arrays of shape (ages,). Limits are NaN where survival is 0 or 1."""

    ages: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats
    standard_error: Floats
    survival_low: Floats
    survival_high: Floats
    confidence: float

    @property
    def cumulative(self) -> Floats:
        """Share failed by each age."""
        return 1.0 - self.survival


def kaplan_meier(
    observations: Observations, confidence: float = 0.95, ages: ArrayLike | None = None
) -> SurvivalCurve:
    """S(t) = prod_{t_i <= t} (1 - d_i/n_i); Var S = S^2 sum d_i / (n_i (n_i - d_i)).

    Limits: S^exp(+-z se(log(-log S))), se = sqrt(sum d/(n(n-d))) / |log S|, so they stay within (0, 1); NaN
    at 0 and 1. A unit censored at t is at risk at t. A unit entering at e is at risk after e.

    ages: where to read the curve (shape (k,)); by default every distinct age at which a unit failed or
    left. At-risk counts are those just before each age; events and censored are those at exactly that age.
    Raises ObservationError for interval-censored failures.

    Kaplan & Meier 1958 (JASA 53:457); Greenwood 1926; Kalbfleisch & Prentice 1980, p. 15, for the log-log
    limits.
    """
    o = observations
    is_failure = o.is_failure
    is_interval = is_failure & (o.left != o.right)
    if is_interval.any():
        raise ObservationError(
            f"{int(is_interval.sum())} row(s) are interval-censored, which the product-limit estimate cannot "
            "read. Give exact ages (the end of each interval for grouped data), or fit_weibull."
        )
    grid, where = np.unique(o.left, return_inverse=True)
    events = totals(where, np.where(is_failure, o.weight, 0.0), len(grid))
    censored = totals(where, np.where(is_failure, 0.0, o.weight), len(grid))
    at_risk = _at_risk(o, grid)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(events > 0, 1.0 - events / at_risk, 1.0)
        increments = np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0)
    survival, greenwood = np.cumprod(factor), np.cumsum(increments)
    if ages is None:
        return _curve(grid, at_risk, events, censored, survival, greenwood, confidence)
    asked = np.atleast_1d(np.asarray(ages, float))
    position = np.searchsorted(grid, asked, side="right")
    exactly = np.minimum(np.searchsorted(grid, asked), max(len(grid) - 1, 0))
    is_at = (grid[exactly] == asked) if len(grid) else np.zeros(len(asked), bool)
    return _curve(
        asked,
        _at_risk(o, asked),
        np.where(is_at, events[exactly], 0.0),
        np.where(is_at, censored[exactly], 0.0),
        np.concatenate([[1.0], survival])[position],
        np.concatenate([[0.0], greenwood])[position],
        confidence,
    )


def _at_risk(o: Observations, ages: Floats) -> Floats:
    """Weight of the units with entry < age <= left (entry 0 counts from age 0 on)."""
    by_left, by_entry = np.argsort(o.left, kind="stable"), np.argsort(o.entry, kind="stable")
    left_sums = np.concatenate([[0.0], np.cumsum(o.weight[by_left])])
    entry_sums = np.concatenate([[0.0], np.cumsum(o.weight[by_entry])])
    entered = entry_sums[np.searchsorted(o.entry[by_entry], ages, side="left")]
    entered = np.where(ages == 0, entry_sums[np.searchsorted(o.entry[by_entry], 0.0, side="right")], entered)
    gone = left_sums[np.searchsorted(o.left[by_left], ages, side="left")]
    return entered - gone


def _curve(
    ages: Floats,
    at_risk: Floats,
    events: Floats,
    censored: Floats,
    survival: Floats,
    greenwood: Floats,
    confidence: float,
) -> SurvivalCurve:
    z = ndtri(0.5 + confidence / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_survival = np.log(survival)
        spread = np.exp(z * np.sqrt(greenwood) / -log_survival)
        is_inside = (survival > 0) & (survival < 1)
        low = np.where(is_inside, np.exp(log_survival * spread), np.nan)
        high = np.where(is_inside, np.exp(log_survival / spread), np.nan)
        error = np.where(survival > 0, survival * np.sqrt(greenwood), 0.0)
    return SurvivalCurve(ages, at_risk, events, censored, survival, error, low, high, confidence)
