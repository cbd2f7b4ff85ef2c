"""How many of a count may be expected at most, from its own past: Farrington's bound.

Belongs here: a count against comparable earlier counts, for series that have no exposure. Does not: counts
with units at risk (emergence.py) or a known expectation (poisson_monitoring.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtr

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

Power = Literal["2/3", "1/2", "none"]
LEAST_TREND_P = 0.05


@dataclass(frozen=True)
class CountBound:
    """expected and upper bound of the count at `time`; overdispersion phi; whether a trend was kept."""

    expected: float
    bound: float
    dispersion: float
    has_trend: bool


def farrington_bound(
    times: ArrayLike,
    counts: ArrayLike,
    time: float,
    *,
    alpha: float = 0.01,
    power: Power = "2/3",
    is_reweighted: bool = True,
    trend: Literal["auto", "always", "never"] = "auto",
) -> CountBound:
    """Upper bound of a count from a quasi-Poisson line log mu = a + b t through comparable past counts.

    phi = max(1, sum w (y - mu)^2/mu / (n - parameters)); bound = (mu^(2/3) + z sqrt(4/9 mu^(1/3) tau))^(3/2)
    with tau = phi + Var(mu)/mu and z the 1 - alpha/2 quantile. Past outbreaks weigh less: weights ~ s^-2
    where the standardised Anscombe residual s exceeds 1. A trend is kept ("auto") if it is significant at
    5 % and its prediction does not exceed the largest past count.

    times, counts: (n,) baseline values, say the same weeks of earlier years; time: that of the count to be
    bounded. alpha as in the paper: two-sided. ObservationError for fewer than 3 values, or none above 0.

    Farrington, Andrews, Beale & Catchpole 1996 (JRSS A 159:547), as algo.farrington of R's surveillance.
    """
    t, y = np.atleast_1d(np.asarray(times, float)), np.atleast_1d(np.asarray(counts, float))
    if t.shape != y.shape or len(y) < 3 or np.any(~(y >= 0)) or y.sum() == 0 or not 0 < alpha < 1:
        raise ObservationError(
            f"{len(y)} baseline counts at {len(t)} times, alpha {alpha:g}: give at least 3 counts of 0 or "
            "more, not all 0, a time for each, alpha between 0 and 1."
        )
    fit, has_trend = None, trend != "never"
    if has_trend:
        fit = _fit(t, y, time, True, is_reweighted)
        if trend == "auto" and (fit.trend_p >= LEAST_TREND_P or fit.expected > y.max()):
            has_trend = False
    if fit is None or not has_trend:
        fit = _fit(t, y, time, False, is_reweighted)
    mu, phi = fit.expected, fit.dispersion
    tau = phi + fit.variance / mu
    z = float(ndtri(1 - alpha / 2))
    if power == "2/3":
        bound = max(mu ** (2 / 3) + z * np.sqrt(4 / 9 * mu ** (1 / 3) * tau), 0.0) ** 1.5
    elif power == "1/2":
        bound = max(mu**0.5 + z * np.sqrt(tau / 4), 0.0) ** 2
    else:
        bound = mu + z * np.sqrt(mu * tau)
    return CountBound(mu, float(bound), phi, has_trend)


@dataclass(frozen=True)
class _Line:
    expected: float
    variance: float
    dispersion: float
    trend_p: float


def _fit(t: Floats, y: Floats, time: float, has_trend: bool, is_reweighted: bool) -> _Line:
    origin, spread = t.mean(), max(float(np.ptp(t)), 1e-12)
    x = np.column_stack([np.ones(len(t)), (t - origin) / spread])[:, : 1 + has_trend]
    weight = np.ones(len(y))
    mu, covariance, phi, beta = _poisson_line(x, y, weight)
    if is_reweighted:
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(mu * weight)[:, None] * x
            leverage = np.einsum("ij,jk,ik->i", root, covariance, root)
            anscombe = 1.5 * (y ** (2 / 3) * mu ** (-1 / 6) - mu**0.5) / np.sqrt(phi * (1 - leverage))
        s = np.where(np.isfinite(anscombe), anscombe, 0.0)
        loose = s > 1
        scale = len(s) / np.where(loose, np.where(loose, s, 1.0) ** -2.0, 1.0).sum()
        weight = np.where(loose, scale * np.where(loose, s, 1.0) ** -2.0, scale)
        mu, covariance, phi, beta = _poisson_line(x, y, weight)
    at = np.array([1.0, (time - origin) / spread])[: 1 + has_trend]
    expected = float(np.exp(at @ beta))
    variance = float(at @ covariance @ at) * phi * expected**2
    p = 1.0
    if has_trend:
        statistic = abs(beta[1]) / np.sqrt(phi * covariance[1, 1])
        p = float(2 * stdtr(len(y) - 2, -statistic))
    return _Line(expected, variance, phi, p)


def _poisson_line(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats, float, Floats]:
    """Fitted means, (X'WX)^-1, dispersion (at least 1) and coefficients: iterated least squares."""
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(max(np.average(y, weights=weight), 1e-10))
    for _ in range(100):
        mu = np.exp(np.clip(x @ beta, -50, 50))
        information = (x * (weight * mu)[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (weight * (y - mu)))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    mu = np.exp(np.clip(x @ beta, -50, 50))
    covariance = np.linalg.inv((x * (weight * mu)[:, None]).T @ x)
    degrees = max(len(y) - x.shape[1], 1)
    return mu, covariance, max(1.0, float((weight * (y - mu) ** 2 / mu).sum() / degrees)), beta
