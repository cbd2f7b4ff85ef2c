"""The Weibull lifetime: what one fit says, and the curve it draws.

Belongs here: a single fit's form, and survival, hazard and quantiles of a fit. Does not: fitting
(weibull_fit.py for one sample, batch.py for many) or other distributions (location_scale.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipelines.reliability.batch import WeibullBatch
from pipelines.reliability.doubts import Doubt, error_of
from pipelines.reliability.likelihood_search import MAX_STEPS
from pipelines.reliability.observations import Floats


@dataclass(frozen=True)
class WeibullFit:
    """Estimates with two-sided limits. log_covariance is that of (log scale, log shape), shape (2, 2).

    threshold: the age before which nothing fails; the scale counts from there, the quantile from age 0.
    """

    shape: float
    shape_low: float
    shape_high: float
    scale: float
    scale_low: float
    scale_high: float
    quantile: float
    quantile_low: float
    quantile_high: float
    quantile_share: float
    log_likelihood: float
    events: float
    units: float
    log_covariance: Floats
    confidence: float
    threshold: float = 0.0
    threshold_low: float = 0.0
    threshold_high: float = 0.0


@dataclass(frozen=True)
class Band:
    """An estimate at each age or share with its limits; arrays of equal shape."""

    estimate: Floats
    low: Floats
    high: Floats


def weibull_of_row(batch: WeibullBatch, row: int) -> WeibullFit:
    """One row of a batch as a single fit; raises the error of its doubt."""
    doubt = Doubt(int(batch.doubt[row]))
    events, units = float(batch.events[row]), float(batch.units[row])
    if doubt is not Doubt.NONE:
        raise error_of(doubt, events, units, MAX_STEPS)
    cov = float(batch.log_covariance[row])
    single = {
        name: float(getattr(batch, name)[row])
        for side in ("", "_low", "_high")
        for name in (f"shape{side}", f"scale{side}", f"quantile{side}")
    }
    return WeibullFit(
        **single,
        quantile_share=batch.quantile_share,
        log_likelihood=float(batch.log_likelihood[row]),
        events=events,
        units=units,
        log_covariance=np.array(
            [[batch.log_scale_variance[row], cov], [cov, batch.log_shape_variance[row]]], dtype=float
        ),
        confidence=batch.confidence,
    )


def weibull_cumulative_hazard(ages: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> Floats:
    """H(t) = (t/scale)^shape; ages in the unit of the scale; all three broadcast."""
    return (np.asarray(ages, float) / np.asarray(scale, float)) ** np.asarray(shape, float)


def weibull_cumulative(ages: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> Floats:
    """F(t) = 1 - exp(-(t/scale)^shape), exact for tiny hazards."""
    return -np.expm1(-weibull_cumulative_hazard(ages, shape, scale))


def weibull_hazard(ages: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> Floats:
    """h(t) = shape/scale (t/scale)^(shape-1), failures per unit of age."""
    k, s = np.asarray(shape, float), np.asarray(scale, float)
    with np.errstate(divide="ignore"):
        return k / s * (np.asarray(ages, float) / s) ** (k - 1)


def weibull_quantile(shares: ArrayLike, shape: ArrayLike, scale: ArrayLike) -> Floats:
    """t_p = scale (-log(1-p))^(1/shape): the age by which the share p has failed."""
    return np.asarray(scale, float) * (-np.log1p(-np.asarray(shares, float))) ** (
        1.0 / np.asarray(shape, float)
    )


def cumulative_band(fit: WeibullFit, ages: ArrayLike) -> Band:
    """F(t) with Wald limits on log H(t) = shape (log t - log scale), at the fit's confidence.

    Var log H = [-shape, log H] C [-shape, log H]', C = log_covariance. Meeker & Escobar 1998, section 8.4.3.
    """
    return _band(
        np.maximum(np.asarray(ages, float) - fit.threshold, 0.0),
        np.asarray(fit.shape, float),
        np.asarray(fit.scale, float),
        fit.log_covariance,
        fit.confidence,
    )


def batch_cumulative(batch: WeibullBatch, age: float) -> Band:
    """F(age) of every row of a batch, arrays (samples,), limits as in cumulative_band; NaN where in doubt."""
    return _band(np.asarray(age, float), batch.shape, batch.scale, batch.log_covariances, batch.confidence)


def _band(ages: Floats, shape: Floats, scale: Floats, log_covariance: Floats, confidence: float) -> Band:
    with np.errstate(divide="ignore"):
        log_hazard = shape * np.maximum(np.log(ages) - np.log(scale), -1e30)
    by_scale, by_shape = -shape, log_hazard
    variance = (
        by_scale**2 * log_covariance[..., 0, 0]
        + 2 * by_scale * by_shape * log_covariance[..., 0, 1]
        + by_shape**2 * log_covariance[..., 1, 1]
    )
    half = ndtri(0.5 + confidence / 2) * np.sqrt(variance)
    estimate, low, high = (-np.expm1(-np.exp(log_hazard + shift)) for shift in (0.0, -half, half))
    return Band(estimate, low, high)
