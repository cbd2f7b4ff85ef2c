"""Lifetimes whose log age is a location and a scale apart from one standard distribution.

Belongs here: the families (each its density, survival, their derivatives and its quantile), their
likelihood over the general form of observations, and one fit with limits for all of them. Does not: the
search (likelihood_search.py); thousands of samples at once (batch.py, which writes the Weibull out on cells
for speed: a test holds the two equal).

With z = (log t - mu)/sigma = shape (log t - pivot) + level, each observation adds, weight apart,

    exact t        log f(z) + log shape - log t
    censored t     log S(z)
    (s, t]         log(S(z_s) - S(z_t))
    entry e        -log S(z_e)

A distribution more is one Family more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, expit, log_ndtr, logit, ndtri

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
AGE_ZERO = -1e30  # z of an age of 0: any survival is 1 there, any density 0, without the NaN of infinities

Curve = Callable[[Floats], tuple[Floats, Floats, Floats]]
"""z -> a logarithm and its first and second derivative in z; arrays of equal shape."""


@dataclass(frozen=True)
class Family:
    """A standard distribution of z: log density and log survival with two derivatives, and its quantile."""

    name: str
    log_density: Curve
    log_survival: Curve
    quantile: Callable[[ArrayLike], Floats]


def _normal_density(z: Floats) -> tuple[Floats, Floats, Floats]:
    return -0.5 * z * z - LOG_SQRT_2PI, -z, -np.ones_like(z)


def _normal_survival(z: Floats) -> tuple[Floats, Floats, Floats]:
    log_survival = log_ndtr(-z)
    hazard = np.exp(-0.5 * z * z - LOG_SQRT_2PI - log_survival)
    return log_survival, -hazard, -hazard * (hazard - z)


def _extreme_density(z: Floats) -> tuple[Floats, Floats, Floats]:
    hazard = np.exp(z)
    return z - hazard, 1 - hazard, -hazard


def _extreme_survival(z: Floats) -> tuple[Floats, Floats, Floats]:
    hazard = -np.exp(z)
    return hazard, hazard, hazard


def _logistic_density(z: Floats) -> tuple[Floats, Floats, Floats]:
    share = expit(z)
    return z - 2 * np.logaddexp(0.0, z), 1 - 2 * share, -2 * share * (1 - share)


def _logistic_survival(z: Floats) -> tuple[Floats, Floats, Floats]:
    share = expit(z)
    return -np.logaddexp(0.0, z), -share, -share * (1 - share)


def _extreme_quantile(shares: ArrayLike) -> Floats:
    return np.log(-np.log1p(-np.asarray(shares, float)))


WEIBULL = Family("weibull", _extreme_density, _extreme_survival, _extreme_quantile)
LOGNORMAL = Family("lognormal", _normal_density, _normal_survival, ndtri)
LOGLOGISTIC = Family("loglogistic", _logistic_density, _logistic_survival, logit)


@dataclass(frozen=True)
class LocationScaleFit:
    """mu and sigma are location and scale of log age; the quantile is in the unit of age."""

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
    family: Family

    def cumulative(self, ages: ArrayLike) -> Floats:
        """F(t), the share failed by each age."""
        with np.errstate(divide="ignore"):
            z = np.maximum((np.log(np.asarray(ages, float)) - self.mu) / self.sigma, AGE_ZERO)
        return -np.expm1(self.family.log_survival(z)[0])


def fit_location_scale(
    observations: Observations,
    family: Family,
    *,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> LocationScaleFit:
    """F(t) = G((log t - mu)/sigma): maximum likelihood over observations of the general form.

    Limits as in fit_weibull. Comparable between families by log_likelihood: all densities are per unit of
    age. Raises the errors of fit_weibull.

    Meeker & Escobar 1998, Statistical Methods for Reliability Data, sections 4.3-4.5, 8.2 and 11.2.
    """
    o = observations
    refuse_failures_at_age_zero(o.left, o.right, o.weight)
    if o.events <= 1:
        raise error_of(Doubt.ONE_FAILURE if o.events > 0 else Doubt.NO_FAILURES, o.events, o.units, MAX_STEPS)
    failed = o.is_failure
    pivot = float(np.average(np.log((o.left + o.right)[failed] / 2), weights=o.weight[failed]))
    level = family.quantile(np.clip(0.7 * o.events / o.units, 1e-12, 0.9))
    likelihood = likelihood_of(o, family, pivot)

    def restrict(_: Rows) -> Likelihood:
        return likelihood

    fit = maximise(restrict, np.array([float(level)]), np.zeros(1))
    var_c, cov, var_k = covariance(fit.at)
    if fit.is_at_bound[0] or abs(fit.log_shape[0]) > LOG_SHAPE_BOUND - 2 or not var_k[0] < 16:
        raise error_of(Doubt.FLAT_LIKELIHOOD, o.events, o.units, MAX_STEPS)
    if not fit.is_settled[0]:
        raise error_of(Doubt.NO_CONVERGENCE, o.events, o.units, MAX_STEPS)
    found = []
    for target in (None, 0.0, float(family.quantile(quantile_share))):
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
    return LocationScaleFit(
        *(v + pivot for v in mu),
        *(float(np.exp(-v)) for v in (shape, shape_high, shape_low)),
        *(float(np.exp(v + pivot)) for v in quantile),
        quantile_share=quantile_share,
        log_likelihood=float(fit.at.value[0]),
        events=o.events,
        units=o.units,
        confidence=confidence,
        family=family,
    )


class _Term(NamedTuple):
    """One end of an observation: weight, centred log age, first and second derivative of log L in z there."""

    weight: Floats
    u: Floats
    first: Floats
    second: Floats


def likelihood_of(o: Observations, family: Family, pivot: float) -> Likelihood:
    """Log-likelihood of (level, log shape), with its gradient and Hessian, as the search takes it."""
    is_exact = o.left == o.right
    is_interval = o.is_failure & ~is_exact
    is_right = ~o.is_failure & (o.left > 0)
    has_entry = o.entry > 0
    w_exact, x_exact = o.weight[is_exact], np.log(o.left[is_exact]) - pivot
    survivors = np.concatenate([o.weight[is_right], -o.weight[has_entry]])
    x_survivor = np.log(np.concatenate([o.left[is_right], o.entry[has_entry]])) - pivot
    w_between, starts_at_zero = o.weight[is_interval], o.left[is_interval] == 0
    with np.errstate(divide="ignore"):
        x_low = np.where(starts_at_zero, 0.0, np.log(o.left[is_interval]) - pivot)
    x_high = np.log(o.right[is_interval]) - pivot
    exact_events, log_ages = w_exact.sum(), (w_exact * (x_exact + pivot)).sum()

    def value_at(level: Floats, log_shape: Floats) -> Derivatives:
        shape, c = np.exp(log_shape[0]), level[0]
        value = exact_events * log_shape[0] - log_ages
        terms: list[_Term] = []
        for weight, x, curve in (
            (w_exact, x_exact, family.log_density),
            (survivors, x_survivor, family.log_survival),
        ):
            u = shape * x
            log_value, first, second = curve(u + c)
            value += (weight * log_value).sum()
            terms.append(_Term(weight, u, first, second))
        u1, u2 = np.where(starts_at_zero, 0.0, shape * x_low), shape * x_high
        z1, z2 = np.where(starts_at_zero, AGE_ZERO, u1 + c), u2 + c
        log_low, log_high = family.log_survival(z1)[0], family.log_survival(z2)[0]
        log_width = log_low + np.log(-np.expm1(np.minimum(log_high - log_low, -1e-300)))
        value += (w_between * log_width).sum()
        (f1, slope1, _), (f2, slope2, _) = family.log_density(z1), family.log_density(z2)
        d1, d2 = np.exp(f1 - log_width), np.exp(f2 - log_width)
        slope1 = np.where(starts_at_zero, 0.0, slope1)
        terms.append(_Term(w_between, u1, -d1, -d1 * slope1 - d1 * d1))
        terms.append(_Term(w_between, u2, d2, d2 * slope2 - d2 * d2))
        cross = w_between * d1 * d2
        by_c = sum((t.weight * t.first).sum() for t in terms)
        by_k = exact_events + sum((t.weight * t.first * t.u).sum() for t in terms)
        cc = cross.sum() * 2 + sum((t.weight * t.second).sum() for t in terms)
        ck = (cross * (u1 + u2)).sum() + sum((t.weight * t.second * t.u).sum() for t in terms)
        kk = (cross * u1 * u2).sum() * 2
        kk += sum((t.weight * (t.second * t.u + t.first) * t.u).sum() for t in terms)
        return Derivatives(*(np.array([v], float) for v in (value, by_c, by_k, cc, ck, kk)))

    def quietly(level: Floats, log_shape: Floats) -> Derivatives:
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            return value_at(level, log_shape)

    return quietly
