"""Several causes of failure, of which the first ends a unit's life.

Belongs here: one Weibull per cause with the others as censoring, and the share failed by each cause
(Aalen-Johansen). Does not: deciding what a cause is, or which causes end a life.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from pipelines.reliability.batch import LimitMethod
from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats, Observations, checked, observed, totals
from pipelines.reliability.weibull import WeibullFit
from pipelines.reliability.weibull_fit import fit_weibull


@dataclass(frozen=True)
class CumulativeIncidence:
    """Share failed by one cause by each age, in the presence of the others; arrays of shape (ages,)."""

    ages: Floats
    incidence: Floats
    standard_error: Floats
    incidence_low: Floats
    incidence_high: Floats
    confidence: float


def of_cause(
    left: ArrayLike,
    right: ArrayLike,
    cause: ArrayLike,
    wanted: Hashable,
    entry: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
) -> Observations:
    """Observations of one cause: units that failed of another are censored, for this one, when they failed.

    cause: (rows,) the cause of each failure, ignored for right-censored rows. A failure of another cause in
    an interval leaves at the interval's middle.
    """
    e, lo, hi, w = checked(left, right, entry, weight)
    is_other = np.isfinite(hi) & (np.asarray(cause) != wanted)
    middle = np.where(is_other, (lo + np.where(is_other, hi, 0.0)) / 2, lo)
    return observed(middle, np.where(is_other, np.inf, hi), e, w)


def fit_causes(
    left: ArrayLike,
    right: ArrayLike,
    cause: ArrayLike,
    entry: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
    *,
    confidence: float = 0.95,
    limits: LimitMethod = "profile",
) -> dict[Hashable, WeibullFit]:
    """S(t) = prod_k S_k(t): one Weibull per cause, the other causes censoring, by maximum likelihood.

    Raises what fit_weibull raises, for the first cause that cannot be fitted.
    Meeker & Escobar 1998, Statistical Methods for Reliability Data, section 15.4 (independent causes).
    """
    is_failure = np.isfinite(np.broadcast_to(np.asarray(right, float), np.asarray(cause).shape))
    causes = sorted(set(np.asarray(cause)[is_failure].tolist()), key=str)
    return {
        k: fit_weibull(of_cause(left, right, cause, k, entry, weight), confidence=confidence, limits=limits)
        for k in causes
    }


def aalen_johansen(
    ages: ArrayLike,
    cause: ArrayLike,
    is_failure: ArrayLike,
    entry: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
    confidence: float = 0.95,
) -> dict[Hashable, CumulativeIncidence]:
    """F_k(t) = sum_{t_i <= t} S(t_i-) d_ki/n_i, with S the product-limit survival of any cause.

    Var F_k(t) = sum (F_k(t) - F_k(t_i))^2 d_i/(n_i(n_i-d_i)) + S(t_i-)^2 d_ki(n_i-d_ki)/n_i^3
                 - 2 (F_k(t) - F_k(t_i)) S(t_i-) d_ki/n_i^2
    Limits are log-log, NaN where F_k is 0 or 1. Arrays of shape (units,), exact ages; equal units by weight.

    Aalen & Johansen 1978 (Scand J Statist 5:141); variance: Marubini & Valsecchi 1995, p. 341.
    """
    failed = np.asarray(is_failure, bool)
    e, age, _, w = checked(ages, np.inf, entry, weight)
    kind = np.broadcast_to(np.asarray(cause), age.shape)
    if np.shape(failed) != age.shape:
        raise ObservationError(
            f"is_failure has shape {failed.shape} and ages {age.shape}: they must be equal."
        )
    grid, where = np.unique(age[failed], return_inverse=True)
    at_risk = _weight_at_least(age, w, grid) - _weight_at_least(e, np.where(e > 0, w, 0.0), grid)
    deaths = totals(where, w[failed], len(grid))
    survival = np.cumprod(1.0 - deaths / at_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    left = at_risk - deaths
    spread = np.where(left > 0, deaths / (at_risk * np.where(left > 0, left, 1.0)), 0.0)
    return {
        k: _incidence(grid, where, w[failed] * (kind[failed] == k), at_risk, before, spread, confidence)
        for k in sorted(set(kind[failed].tolist()), key=str)
    }


def _incidence(
    grid: Floats,
    where: NDArray[np.intp],
    weight: Floats,
    at_risk: Floats,
    before: Floats,
    spread: Floats,
    confidence: float,
) -> CumulativeIncidence:
    own = totals(where, weight, len(grid))
    # Where all have failed, the steps may add up to more than 1 by a rounding.
    share = np.minimum(np.cumsum(before * own / at_risk), 1.0)
    # (F - F_i)^2 and (F - F_i) are expanded, so that each age needs running sums only.
    square = (
        share**2 * np.cumsum(spread) - 2 * share * np.cumsum(spread * share) + np.cumsum(spread * share**2)
    )
    cross = before * own / at_risk**2
    variance = square + np.cumsum(before**2 * own * (at_risk - own) / at_risk**3)
    variance -= 2 * (share * np.cumsum(cross) - np.cumsum(cross * share))
    error = np.sqrt(np.maximum(variance, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        log_share = np.log(share)
        factor = np.exp(ndtri(0.5 + confidence / 2) * error / (share * log_share))
        is_inside = (share > 0) & (share < 1)
        low, high = (np.where(is_inside, share**power, np.nan) for power in (1 / factor, factor))
    return CumulativeIncidence(grid, share, error, low, high, confidence)


def _weight_at_least(values: Floats, weight: Floats, grid: Floats) -> Floats:
    """Total weight of the values that are >= each grid point."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weight[order])])
    return sums[-1] - sums[np.searchsorted(values[order], grid, side="left")]
