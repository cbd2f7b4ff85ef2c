"""The lognormal lifetime, fitted beside the Weibull as a check on what lies beyond the data.

Belongs here: its likelihood and a single fit. Does not: the search (likelihood_search.py), batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, log_ndtr, ndtr, ndtri

from pipelines.reliability.batch import LimitMethod, refuse_failures_at_age_zero
from pipelines.reliability.doubts import Doubt, error_of
from pipelines.reliability.likelihood_search import (
    LOG_SHAPE_BOUND,
    MAX_STEPS,
    Derivatives,
    Likelihood,
    Rows,
    covariance,
    maximise,
    profile_limits,
    shape_gradient,
)
from pipelines.reliability.observations import Floats, Observations

LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
FAR_BELOW = -1e3  # a z at which both the normal density and its integral are 0


@dataclass(frozen=True)
class LognormalFit:
    """mu and sigma are mean and standard deviation of log age; the quantile is in the unit of age."""

    mu: float
    mu_low: float
    mu_high: float
    sigma: float
    sigma_low: float
    sigma_high: float
    quantile: float
    quantile_low: float
    quantile_high: float
    quantile_share: float
    log_likelihood: float
    events: float
    units: float
    confidence: float


class _Term(NamedTuple):
    """One end of an observation: weight, centred log age, first and second derivative of log L in z there."""

    weight: Floats
    u: Floats
    first: Floats
    second: Floats


def fit_lognormal(
    observations: Observations,
    *,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> LognormalFit:
    """F(t) = Phi((log t - mu)/sigma): maximum likelihood over observations of the general form.

    Limits as in fit_weibull. Comparable by log_likelihood: both densities are per unit of age. Raises the
    same errors.

    Meeker & Escobar 1998, Statistical Methods for Reliability Data, sections 4.5 and 8.2.
    """
    o = observations
    refuse_failures_at_age_zero(o.left, o.right, o.weight)
    if o.events <= 1:
        raise error_of(Doubt.ONE_FAILURE if o.events > 0 else Doubt.NO_FAILURES, o.events, o.units, MAX_STEPS)
    pivot, start_level = _start(o)
    likelihood = _likelihood(o, pivot)

    def restrict(_: Rows) -> Likelihood:
        return likelihood

    fit = maximise(restrict, np.array([start_level]), np.zeros(1))
    var_c, cov, var_k = covariance(fit.at)
    if fit.is_at_bound[0] or abs(fit.log_shape[0]) > LOG_SHAPE_BOUND - 2 or not var_k[0] < 16:
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    if not fit.is_settled[0]:
        raise error_of(Doubt.NO_CONVERGENCE, o.events, o.units, MAX_STEPS)
    found = []
    for target in (None, 0.0, float(ndtri(quantile_share))):
        value, by_c, by_k = shape_gradient(fit, target)
        if limits == "wald":
            half = ndtri(0.5 + confidence / 2) * np.sqrt(
                by_c**2 * var_c + 2 * by_c * by_k * cov + by_k**2 * var_k
            )
            low, high = value - half, value + half
        else:
            low, high = profile_limits(restrict, fit, target, float(chdtri(1, 1 - confidence)) / 2)
        found.append(tuple(float(v[0]) for v in (value, low, high)))
    (shape, shape_low, shape_high), mu, quantile = found
    return LognormalFit(
        *(v + pivot for v in mu),
        *(float(np.exp(-v)) for v in (shape, shape_high, shape_low)),
        *(float(np.exp(v + pivot)) for v in quantile),
        quantile_share=quantile_share,
        log_likelihood=float(fit.at.value[0]),
        events=o.events,
        units=o.units,
        confidence=confidence,
    )


def lognormal_cumulative(ages: ArrayLike, mu: float, sigma: float) -> Floats:
    """F(t) = Phi((log t - mu)/sigma); ages in the unit of the fit."""
    with np.errstate(divide="ignore"):
        return ndtr((np.log(np.asarray(ages, float)) - mu) / sigma)


def _start(o: Observations) -> tuple[float, float]:
    """The mean log age of failures, and the level that gives their share of all units there."""
    failed = o.is_failure
    left, right = o.left[failed], o.right[failed]
    middle = np.log((left + right) / 2)
    pivot = float(np.average(middle, weights=o.weight[failed]))
    return pivot, float(ndtri(np.clip(0.7 * o.events / o.units, 1e-12, 0.9)))


def _likelihood(o: Observations, pivot: float) -> Likelihood:
    """Log-likelihood of z = shape (log t - pivot) + level with a standard normal z."""
    is_exact = o.left == o.right
    is_interval = o.is_failure & ~is_exact
    is_right = ~o.is_failure & (o.left > 0)
    has_entry = o.entry > 0
    w_exact, x_exact = o.weight[is_exact], np.log(o.left[is_exact]) - pivot
    w_right, x_right = o.weight[is_right], np.log(o.left[is_right]) - pivot
    w_entry, x_entry = -o.weight[has_entry], np.log(o.entry[has_entry]) - pivot
    w_between, starts_at_zero = o.weight[is_interval], o.left[is_interval] == 0
    with np.errstate(divide="ignore"):
        x_low = np.where(starts_at_zero, 0.0, np.log(o.left[is_interval]) - pivot)
    x_high = np.log(o.right[is_interval]) - pivot
    exact_events, log_ages = w_exact.sum(), (w_exact * (x_exact + pivot)).sum()

    def value_at(level: Floats, log_shape: Floats) -> Derivatives:
        shape = np.exp(log_shape[0])
        terms: list[_Term] = []
        value = exact_events * log_shape[0] - log_ages
        u = shape * x_exact
        z = u + level[0]
        value += (w_exact * (-0.5 * z * z - LOG_SQRT_2PI)).sum()
        terms.append(_Term(w_exact, u, -z, -np.ones_like(z)))
        for weight, x in ((w_right, x_right), (w_entry, x_entry)):
            u = shape * x
            z = u + level[0]
            log_survival = log_ndtr(-z)
            hazard = np.exp(-0.5 * z * z - LOG_SQRT_2PI - log_survival)
            value += (weight * log_survival).sum()
            terms.append(_Term(weight, u, -hazard, -hazard * (hazard - z)))
        u1, u2 = np.where(starts_at_zero, 0.0, shape * x_low), shape * x_high
        z1, z2 = np.where(starts_at_zero, FAR_BELOW, u1 + level[0]), u2 + level[0]
        log_width = _log_normal_between(z1, z2)
        value += (w_between * log_width).sum()
        d1, d2 = (np.exp(-0.5 * z * z - LOG_SQRT_2PI - log_width) for z in (z1, z2))
        terms.append(_Term(w_between, u1, -d1, z1 * d1 - d1 * d1))
        terms.append(_Term(w_between, u2, d2, -z2 * d2 - d2 * d2))
        cross = w_between * d1 * d2
        d = np.array([cross.sum() * 2, (cross * (u1 + u2)).sum(), (cross * u1 * u2).sum() * 2])
        by_c = sum((t.weight * t.first).sum() for t in terms)
        by_k = exact_events + sum((t.weight * t.first * t.u).sum() for t in terms)
        cc = d[0] + sum((t.weight * t.second).sum() for t in terms)
        ck = d[1] + sum((t.weight * t.second * t.u).sum() for t in terms)
        kk = d[2] + sum((t.weight * (t.second * t.u + t.first) * t.u).sum() for t in terms)
        return Derivatives(*(np.array([v], float) for v in (value, by_c, by_k, cc, ck, kk)))

    return value_at


def _log_normal_between(low: Floats, high: Floats) -> Floats:
    """log(Phi(high) - Phi(low)), computed in the tail where both lie."""
    flip = low > 0
    near, far = np.where(flip, -low, high), np.where(flip, -high, low)
    log_near = log_ndtr(near)
    with np.errstate(divide="ignore"):
        return log_near + np.log(-np.expm1(np.minimum(log_ndtr(far) - log_near, -1e-300)))
