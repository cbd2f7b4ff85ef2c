"""The two-parameter Weibull lifetime: one fit with its limits, and the curve it draws.

Belongs here: a single fit, raising where it cannot be trusted, and survival, hazard and quantiles of a fit.
Does not: many fits at once (batch.py, whose search this uses) or other distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipelines.reliability.batch import LimitMethod, WeibullBatch, fit_cells, refuse_failures_at_age_zero
from pipelines.reliability.doubts import Doubt, error_of
from pipelines.reliability.likelihood_search import MAX_STEPS
from pipelines.reliability.observations import Floats, Observations
from pipelines.reliability.weibull_likelihood import cells_of


@dataclass(frozen=True)
class WeibullFit:
    """Estimates with two-sided limits. log_covariance is that of (log scale, log shape), shape (2, 2)."""

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


@dataclass(frozen=True)
class Band:
    """An estimate at each age or share with its limits; arrays of equal shape."""

    estimate: Floats
    low: Floats
    high: Floats


def fit_weibull(
    observations: Observations,
    *,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> WeibullFit:
    """S(t) = exp(-(t/scale)^shape): maximum likelihood over observations of the general form.

    Limits of shape, scale and the `quantile_share` quantile (B10 at 0.1): "profile" inverts the
    likelihood-ratio test (chi-square, 1 df), "wald" is exp(log estimate +- z se). Unit of scale and
    quantile: that of the ages. Raises NoFailuresError, OneFailureError, FlatLikelihoodError,
    NoConvergenceError; ObservationError for a failure at exactly age 0.

    Meeker & Escobar 1998, Statistical Methods for Reliability Data, sections 7.3, 8.2, 8.3 and 11.2.
    """
    o = observations
    refuse_failures_at_age_zero(o.left, o.right, o.weight)
    cells = cells_of(np.zeros(len(o.left), np.intp), 1, o.entry, o.left, o.right, o.weight)
    batch = fit_cells(cells, np.array([o.events]), np.array([o.units]), confidence, quantile_share, limits)
    return weibull_of_row(batch, 0)


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
        np.asarray(ages, float),
        np.asarray(fit.shape, float),
        np.asarray(fit.scale, float),
        fit.log_covariance,
        fit.confidence,
    )


def batch_cumulative(batch: WeibullBatch, age: float) -> Band:
    """F(age) of every row of a batch, arrays (samples,), limits as in cumulative_band; NaN where in doubt."""
    return _band(np.asarray(age, float), batch.shape, batch.scale, batch.log_covariances, batch.confidence)


def _band(ages: Floats, shape: Floats, scale: Floats, log_covariance: Floats, confidence: float) -> Band:
    log_hazard = shape * (np.log(ages) - np.log(scale))
    by_scale, by_shape = -shape, log_hazard
    variance = (
        by_scale**2 * log_covariance[..., 0, 0]
        + 2 * by_scale * by_shape * log_covariance[..., 0, 1]
        + by_shape**2 * log_covariance[..., 1, 1]
    )
    half = ndtri(0.5 + confidence / 2) * np.sqrt(variance)
    estimate, low, high = (-np.expm1(-np.exp(log_hazard + shift)) for shift in (0.0, -half, half))
    return Band(estimate, low, high)
