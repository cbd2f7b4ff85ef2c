"""Rates of many small groups, each drawn toward what its family shows: Gamma-Poisson shrinkage.

Belongs here: empirical Bayes (fast, the default) and full Bayes (prior uncertainty included) for rates.
Does not: which products form a family, nor rates by age.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammainc, gammaincinv, gammaln, zeta

from pipelines.reliability.doubts import NoFailuresError, ObservationError
from pipelines.reliability.observations import Floats

LARGEST_LOG_ALPHA = 12.0  # beyond this the members differ by less than 0.3 %: they share one rate
SHRINKAGE_GRID = 32
SMALLEST_FAMILY = 3  # a spread between members cannot be estimated from fewer


@dataclass(frozen=True)
class ShrunkenRates:
    """Posterior of each member's rate; arrays of shape (members,), rates per unit of exposure.

    alpha, beta: the prior Gamma (mean alpha/beta) of each member's family. own_share is the weight on the
    member's own data, t/(t + beta).
    """

    rate: Floats
    rate_low: Floats
    rate_high: Floats
    raw_rate: Floats
    own_share: Floats
    alpha: Floats
    beta: Floats
    confidence: float


@dataclass(frozen=True)
class FullBayesRates:
    """Posterior means and limits with the prior's uncertainty integrated; alpha, beta are posterior means."""

    rate: Floats
    rate_low: Floats
    rate_high: Floats
    alpha: float
    beta: float
    confidence: float


def shrink_rates(
    events: ArrayLike, exposure: ArrayLike, family: ArrayLike | None = None, confidence: float = 0.95
) -> ShrunkenRates:
    """x_i ~ Poisson(t_i r_i), r_i ~ Gamma(alpha, beta): E[r_i | x_i] = (x_i + alpha)/(t_i + beta).

    alpha and beta maximise the marginal (negative binomial) likelihood of each family; limits are quantiles
    of the posterior Gamma. A family of fewer than three members, or without failures, takes the prior of
    all members. Where members differ no more than chance alpha runs to its bound and all share the pooled
    rate.

    events, exposure: (members,); exposure in unit-months (or any unit: rates come per that unit), above 0.
    family: (members,) labels, by default one family. Raises NoFailuresError where nobody failed.

    Gaver & O'Muircheartaigh 1987 (Technometrics 29:1); limits: Christiansen & Morris 1997 (JASA 92:618).
    """
    x, t = _counts(events, exposure)
    labels = (
        np.zeros(len(x), int) if family is None else np.unique(np.asarray(family), return_inverse=True)[1]
    )
    alpha, beta, mean, variance = (np.empty(len(x)) for _ in range(4))
    everyone = np.ones(len(x), bool)
    for label in range(int(labels.max(initial=-1)) + 1):
        members = labels == label
        is_telling = members.sum() >= SMALLEST_FAMILY and x[members].sum() > 0
        told = members if is_telling else everyone
        alpha[members], beta[members] = _prior(x[told], t[told])
        mean[members], variance[members] = _moments(x[members], t[members], x[told], t[told])
    tail = (1 - confidence) / 2
    low, high = (gammaincinv(mean**2 / variance, p) * variance / mean for p in (tail, 1 - tail))
    return ShrunkenRates((x + alpha) / (t + beta), low, high, x / t, t / (t + beta), alpha, beta, confidence)


def _counts(events: ArrayLike, exposure: ArrayLike) -> tuple[Floats, Floats]:
    x, t = np.atleast_1d(np.asarray(events, float)), np.atleast_1d(np.asarray(exposure, float))
    if x.shape != t.shape or np.any(~(x >= 0)) or np.any(~(t > 0)) or not np.all(np.isfinite(t)):
        raise ObservationError(
            f"events (shape {x.shape}) must be 0 or more, exposure (shape {t.shape}) above 0, of one length. "
            "Leave members without exposure out: their rate is their family's."
        )
    if x.sum() == 0:
        raise NoFailuresError(float(t.sum()))
    return x, t


def _prior(x: Floats, t: Floats) -> tuple[float, float]:
    """Maximum marginal likelihood of (alpha, beta): Newton in (log alpha, log of mean over pooled rate)."""
    pooled = x.sum() / t.sum()
    s = t * pooled  # expected counts at the pooled rate: the answer no longer depends on the unit of exposure
    excess = ((x - s) ** 2 - s).sum() / (s**2).sum()
    q = np.array([np.log(np.clip(1 / excess if excess > 0 else 1e4, 1e-2, 1e4)), 0.0])
    value, gradient, hessian = _marginal(q, x, s)
    for _ in range(200):
        values, vectors = np.linalg.eigh(-hessian)
        step = vectors @ ((vectors.T @ gradient) / np.maximum(np.abs(values), 1e-10))
        step *= min(1.0, 1.5 / max(np.abs(step).max(), 1e-300))
        for _ in range(40):
            tried = q + step
            tried[0] = min(tried[0], LARGEST_LOG_ALPHA)
            new = _marginal(tried, x, s)
            if new[0] >= value - 1e-12 * abs(value):
                break
            step /= 2
        moved = np.abs(tried - q).max()
        q, (value, gradient, hessian) = tried, new
        if moved < 1e-11:
            break
    alpha = float(np.exp(q[0]))
    return alpha, alpha / (pooled * float(np.exp(q[1])))


def _moments(x: Floats, t: Floats, family_x: Floats, family_t: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of members' rates over a grid of the family's shrinkage, its mean fitted at each.

    Given beta the mean m has likelihood sum log Gamma(beta m + x) - log Gamma(beta m) + beta m
    log(beta/(beta+t)), taken as normal in log m around its maximum (Laplace).
    """
    shrinkage = (np.arange(SHRINKAGE_GRID) + 0.5) / SHRINKAGE_GRID
    beta = family_t.mean() * shrinkage / (1 - shrinkage)
    b, count, time = beta[:, None], family_x[None, :], family_t[None, :]
    thinned = np.log1p(time / b)  # -log(beta/(beta+t))
    log_m = np.full(SHRINKAGE_GRID, np.log(family_x.sum() / family_t.sum()))
    for _ in range(50):
        a = b * np.exp(log_m)[:, None]
        first = (a * (digamma(a + count) - digamma(a) - thinned)).sum(axis=1)
        curve = first + (a * a * (zeta(2, a + count) - zeta(2, a))).sum(axis=1)
        step = np.clip(first / np.maximum(np.abs(curve), 1e-300), -1.0, 1.0)
        log_m += step
        if np.abs(step).max() < 1e-6:
            break
    a = b * np.exp(log_m)[:, None]
    height = (gammaln(a + count) - gammaln(a) - a * thinned - count * np.log(b + time)).sum(axis=1)
    log_m_variance = 1 / np.maximum(np.abs(curve), 1e-12)
    weight = np.exp(height - height.max()) * np.sqrt(log_m_variance)
    weight = (weight / weight.sum())[:, None]
    alpha = (beta * np.exp(log_m))[:, None]
    mean = (x + alpha) / (t + b)
    spread = mean / (t + b) + (alpha / (t + b)) ** 2 * log_m_variance[:, None]
    center = (weight * mean).sum(axis=0)
    return center, (weight * (spread + (mean - center) ** 2)).sum(axis=0)


def _marginal(q: Floats, x: Floats, s: Floats) -> tuple[float, Floats, Floats]:
    """Negative binomial log-likelihood in (log alpha, log mean), gradient and Hessian; constants left out.

    l = sum log Gamma(a+x) - log Gamma(a) + x log(m s/a) - (a+x) log(1 + m s/a): with a huge no digit is lost.
    """
    a, m = np.exp(q)
    mu = m * s
    ratio = mu / a
    share = mu / (a + mu)  # in (0, 1)
    value = (gammaln(a + x) - gammaln(a) + x * np.log(ratio) - (a + x) * np.log1p(ratio)).sum()
    by_m = x - (a + x) * share
    by_a = a * (digamma(a + x) - digamma(a) - np.log1p(ratio)) - x + (a + x) * share
    slope = share * (1 - share)
    mm = -((a + x) * slope).sum()
    am = (-a * share + (a + x) * slope).sum()
    aa = (
        a * (digamma(a + x) - digamma(a) - np.log1p(ratio))
        + a**2 * (zeta(2, a + x) - zeta(2, a))
        + 2 * a * share
        - (a + x) * slope
    ).sum()
    return float(value), np.array([by_a.sum(), by_m.sum()]), np.array([[aa, am], [am, mm]])


def full_bayes_rates(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    alpha_rate: float = 1.0,
    beta_shape: float = 0.1,
    beta_rate: float = 1.0,
    confidence: float = 0.95,
    points: int = 101,
) -> FullBayesRates:
    """r_i ~ Gamma(alpha, beta), alpha ~ Exp(alpha_rate), beta ~ Gamma(beta_shape, beta_rate).

    E[r_i] = E over p(alpha, beta | x) of (x_i + alpha)/(t_i + beta), on a grid of points x points in (log
    alpha, log beta) that covers all but 1e-10 of the posterior. The prior of beta is in the unit of
    exposure. events, exposure: (members,). For families with few members, whose prior empirical Bayes would
    trust too much.

    George, Makov & Smith 1993 (Scand J Statist 20:147), the pumps of Gaver & O'Muircheartaigh.
    """
    x, t = _counts(events, exposure)

    def log_posterior(log_a: Floats, log_b: Floats) -> Floats:
        a, b = np.exp(log_a), np.exp(log_b)
        out = log_a - alpha_rate * a + beta_shape * log_b - beta_rate * b
        for xi, ti in zip(x, t, strict=True):
            out = out + gammaln(a + xi) - gammaln(a) + a * log_b - (a + xi) * np.log(b + ti)
        return out

    log_a, log_b = np.linspace(-12, 8, points)[:, None], np.linspace(-25, 12, points)[None, :]
    for _ in range(3):  # zoom on the part that holds the posterior
        height = log_posterior(log_a, log_b)
        inside = height > height.max() - 24
        log_a, log_b = (
            _zoomed(axis.ravel(), np.any(inside, axis=1 - d), points) for d, axis in enumerate((log_a, log_b))
        )
        log_a, log_b = log_a[:, None], log_b[None, :]
    height = log_posterior(log_a, log_b)
    weight = np.exp(height - height.max())
    weight /= weight.sum()
    a, b = (np.broadcast_to(np.exp(v), weight.shape)[weight > 1e-12] for v in (log_a, log_b))
    mass = weight[weight > 1e-12] / weight[weight > 1e-12].sum()
    tail = (1 - confidence) / 2
    mean = np.array([(mass * (xi + a) / (ti + b)).sum() for xi, ti in zip(x, t, strict=True)])
    low, high = (
        np.array([_mixture_quantile(xi + a, ti + b, mass, p) for xi, ti in zip(x, t, strict=True)])
        for p in (tail, 1 - tail)
    )
    return FullBayesRates(mean, low, high, float((mass * a).sum()), float((mass * b).sum()), confidence)


def _zoomed(axis: Floats, inside: NDArray[np.bool_], points: int) -> Floats:
    """The axis again, over the part that is inside, one step wider on each side."""
    held, step = axis[inside], axis[1] - axis[0]
    return np.linspace(held[0] - step, held[-1] + step, points)


def _mixture_quantile(shape: Floats, rate: Floats, mass: Floats, share: float) -> float:
    """Quantile of a mixture of Gammas, by bisection on the log of the rate."""
    low, high = np.log(1e-300), np.log((shape / rate).max() * 1e3)
    for _ in range(70):
        middle = (low + high) / 2
        if (mass * gammainc(shape, rate * np.exp(middle))).sum() < share:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))
