"""Many observed counts against what was expected of them: which stand out, once chance is taken off.

Belongs here: DuMouchel's gamma-mixture shrinkage (EBGM) with its prior by maximum likelihood, and the scan
statistics of a tree. Does not: what is expected, evidence over time (emergence.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammainc, gammaln, logit, xlogy

from pipelines.reliability.doubts import NoFailuresError, ObservationError
from pipelines.reliability.observations import Floats


@dataclass(frozen=True)
class GammaMixture:
    """Prior of a ratio: Gamma(shape_1, rate_1) with probability share, else Gamma(shape_2, rate_2)."""

    shape_1: float
    rate_1: float
    shape_2: float
    rate_2: float
    share: float


@dataclass(frozen=True)
class ShrunkenRatios:
    """Observed over expected, shrunken: geometric mean (EBGM) and quantiles; arrays in the counts' shape."""

    ratio: Floats
    low: Floats
    high: Floats
    share_of_first: Floats
    raw: Floats


def shrunken_ratios(
    observed: ArrayLike, expected: ArrayLike, prior: GammaMixture, *, low: float = 0.05, high: float = 0.95
) -> ShrunkenRatios:
    """EBGM = exp(E[log ratio | count]), count ~ Poisson(ratio expected), with two posterior quantiles.

    observed: counts, 0 or more; expected: above 0; any equal shapes. share_of_first: posterior probability
    of the prior's first part. Raises ObservationError for counts or expectations out of range.

    DuMouchel 1999, The American Statistician 53:177, eqs. 5-12; DuMouchel & Pregibon 2001 (KDD).
    """
    n, e = _counts(observed, expected)
    log_1 = np.log(prior.share) + _log_marginal(n, e, prior.shape_1, prior.rate_1)
    log_2 = np.log1p(-prior.share) + _log_marginal(n, e, prior.shape_2, prior.rate_2)
    q = expit(log_1 - log_2)
    shapes, rates = (prior.shape_1 + n, prior.shape_2 + n), (prior.rate_1 + e, prior.rate_2 + e)
    log_mean = q * (digamma(shapes[0]) - np.log(rates[0])) + (1 - q) * (digamma(shapes[1]) - np.log(rates[1]))
    ends = [_quantile(q, shapes, rates, p) for p in (low, high)]
    return ShrunkenRatios(np.exp(log_mean), ends[0], ends[1], q, n / e)


def fit_gamma_mixture(observed: ArrayLike, expected: ArrayLike) -> GammaMixture:
    """The prior that makes the observed counts likeliest: each a mixture of two negative binomials.

    Started from several points, since the surface has more than one top; the smaller mean comes second, so
    that the first part is that of the ratios that stand out. observed, expected: any equal shapes, some
    tens of counts at least. Raises NoFailuresError where all counts are 0.

    DuMouchel 1999, eq. 4.
    """
    n, e = (a.ravel() for a in _counts(observed, expected))
    if n.sum() == 0:
        raise NoFailuresError(float(e.sum()))

    def loss(theta: Floats) -> float:
        a1, b1, a2, b2 = np.exp(np.clip(theta[:4], -12, 12))
        log_share = -np.logaddexp(0.0, -theta[4])
        log_rest = -np.logaddexp(0.0, theta[4])
        first, second = _log_marginal(n, e, a1, b1), _log_marginal(n, e, a2, b2)
        return -float(np.logaddexp(log_share + first, log_rest + second).sum())

    starts = [(0.2, 0.1, 2.0, 4.0, 1 / 3), (2.0, 1.0, 10.0, 10.0, 0.1), (0.5, 0.5, 5.0, 5.0, 0.3)]
    found = min(
        (
            minimize(
                loss,
                np.concatenate([np.log(s[:4]), [logit(s[4])]]),
                method="Nelder-Mead",
                options={"maxiter": 4000, "maxfev": 6000, "xatol": 1e-7, "fatol": 1e-9, "adaptive": True},
            )
            for s in starts
        ),
        key=lambda result: result.fun,
    )
    a1, b1, a2, b2 = (float(v) for v in np.exp(np.clip(found.x[:4], -12, 12)))
    share = float(np.clip(expit(found.x[4]), 1e-9, 1 - 1e-9))
    if a1 / b1 < a2 / b2:
        a1, b1, a2, b2, share = a2, b2, a1, b1, 1 - share
    return GammaMixture(a1, b1, a2, b2, share)


def poisson_scan(observed: ArrayLike, expected: ArrayLike, total: float | None = None) -> Floats:
    """Log-likelihood ratio of each node of a tree: its rate above that of all else; 0 where it is not.

    Without `total` unconditional: n log(n/mu) - (n - mu). With it conditional on all C counts of the tree,
    expectations summing to C: n log(n/mu) + (C - n) log((C - n)/(C - mu)). observed, expected: equal shapes.

    Kulldorff 1997 (Comm. Stat. 26:1481); Kulldorff, Fang & Walsh 2003 (Biometrics 59:323), tree-based.
    """
    n, mu = _counts(observed, expected)
    value = xlogy(n, n / mu) - (n - mu)
    if total is not None:
        if np.any(n > total) or np.any(mu > total * (1 + 1e-12)):
            raise ObservationError(f"A node counts or expects more than the tree's total {total:g}.")
        with np.errstate(divide="ignore", invalid="ignore"):
            value = xlogy(n, n / mu) + xlogy(total - n, np.where(total > mu, (total - n) / (total - mu), 1.0))
    return np.where(n > mu, value, 0.0)


def bernoulli_scan(cases: ArrayLike, trials: ArrayLike, probability: float) -> Floats:
    """Log-likelihood ratio of each node: its share of cases above `probability`; 0 where it is not.

    c log(c/(n p)) + (n - c) log((n - c)/(n (1 - p))): cases c among n trials. Kulldorff 1997; TreeScan's
    unconditional Bernoulli.
    """
    c, n = np.asarray(cases, float), np.asarray(trials, float)
    if np.any(c < 0) or np.any(c > n) or not 0 < probability < 1:
        raise ObservationError("Cases lie between 0 and trials, the probability between 0 and 1.")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = xlogy(c, np.where(n > 0, c / n, 1.0) / probability)
        value += xlogy(n - c, np.where(n > 0, (n - c) / n, 1.0) / (1 - probability))
    return np.where(c > n * probability, value, 0.0)


def _counts(observed: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    n, e = np.broadcast_arrays(np.asarray(observed, float), np.asarray(expected, float))
    if np.any(~(n >= 0)) or np.any(~(e > 0)) or not np.all(np.isfinite(e)):
        raise ObservationError("Observed counts are 0 or more, expected ones above 0. Leave other nodes out.")
    return n, e


def _log_marginal(n: Floats, e: Floats, shape: float, rate: float) -> Floats:
    """log P(n) of a Poisson count whose ratio is Gamma(shape, rate): negative binomial."""
    return (
        gammaln(shape + n)
        - gammaln(shape)
        - gammaln(n + 1)
        - shape * np.log1p(e / rate)
        - n * np.log1p(rate / e)
    )


def _quantile(q: Floats, shapes: tuple[Floats, Floats], rates: tuple[Floats, Floats], share: float) -> Floats:
    """Quantile of the posterior mixture, by bisection on the log of the ratio."""
    low, high = np.full(q.shape, np.log(1e-12)), np.full(q.shape, np.log(1e9))
    for _ in range(46):  # to 1e-12 of the log
        middle = (low + high) / 2
        at = np.exp(middle)
        reached = q * gammainc(shapes[0], rates[0] * at) + (1 - q) * gammainc(shapes[1], rates[1] * at)
        low, high = np.where(reached < share, middle, low), np.where(reached < share, high, middle)
    return np.exp((low + high) / 2)
