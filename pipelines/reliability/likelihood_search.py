"""Maximum and profile limits of a two-parameter location-scale likelihood, many fits at once.

Belongs here: the damped Newton search, and the tangent search for likelihood limits, on log-likelihoods
given as functions of (level, log_shape). Does not: any distribution; weibull_likelihood.py and lognormal.py
bring those.

Every fit is written z(t) = shape * (log t - pivot) + level, pivot being a log age in the middle of its
failures. `level` is then what the data say best (the log cumulative hazard near the failures), nearly
uncorrelated with the shape, and finite when the scale lies far beyond the data: Newton needs no scaling of
units and few steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from pipelines.reliability.observations import Floats

Rows = NDArray[np.intp]
MAX_STEPS = 60
LOG_SHAPE_BOUND = 7.0  # shapes beyond 1e-3 … 1e3 are the likelihood running away, not lifetimes
ONE_LEAP, SMALL_STEPS = (1.0,), (0.03, 0.12, 0.3, 0.6, 1.0)  # shares of the drop at which a limit is sought
SETTLED = 1e-6  # a Newton step this small leaves an error of its square


@dataclass(frozen=True)
class Derivatives:
    """Log-likelihood and its derivatives in c = level and k = log shape; arrays of shape (fits,)."""

    value: Floats
    c: Floats
    k: Floats
    cc: Floats
    ck: Floats
    kk: Floats


Likelihood = Callable[[Floats, Floats], Derivatives]
"""(level, log_shape) of shape (fits,) -> Derivatives."""
Restrict = Callable[[Rows], Likelihood]
"""Rows of the batch -> the likelihood of those rows alone."""


@dataclass(frozen=True)
class Maximum:
    """Where the search ended; arrays of shape (fits,). `at` holds the derivatives there."""

    level: Floats
    log_shape: Floats
    at: Derivatives
    is_settled: NDArray[np.bool_]
    is_at_bound: NDArray[np.bool_]


def _step(d: Derivatives) -> tuple[Floats, Floats]:
    """Newton's step up a concave surface; where it is not concave, a step along the damped curvature."""
    mean, half = (d.cc + d.kk) / 2, np.hypot((d.cc - d.kk) / 2, d.ck)
    damping = np.maximum(0.0, mean + half + 1e-3 * half)  # makes the larger eigenvalue negative
    cc, kk = d.cc - damping, d.kk - damping
    det = cc * kk - d.ck * d.ck
    det = np.where(det > 0, det, np.inf)
    dc, dk = -(kk * d.c - d.ck * d.k) / det, -(cc * d.k - d.ck * d.c) / det
    shrink = 1.0 / np.maximum(1.0, np.maximum(np.abs(dc) / 3.0, np.abs(dk)))
    return dc * shrink, dk * shrink


def maximise(restrict: Restrict, level: Floats, log_shape: Floats) -> Maximum:
    """argmax of each row's log-likelihood from the given start, by Newton with step halving."""
    fits = len(level)
    c, k = level.copy(), log_shape.copy()
    rows = np.arange(fits)
    likelihood = restrict(rows)
    d = likelihood(c, k)
    final = {name: getattr(d, name).copy() for name in Derivatives.__dataclass_fields__}
    settled, at_bound = np.zeros(fits, bool), np.zeros(fits, bool)
    trust = np.ones(fits)
    for _ in range(1, MAX_STEPS + 1):
        dc, dk = _step(d)
        dc, dk = dc * trust, dk * trust
        new_c, new_k = c[rows] + dc, np.clip(k[rows] + dk, -LOG_SHAPE_BOUND, LOG_SHAPE_BOUND)
        small = (np.abs(dc) < SETTLED) & (np.abs(dk) < SETTLED)
        stuck = (np.abs(k[rows]) >= LOG_SHAPE_BOUND) & (new_k == k[rows])
        done = small | stuck
        if done.any():
            ended = rows[done]
            c[ended], k[ended] = new_c[done], new_k[done]
            settled[ended], at_bound[ended] = small[done] & ~stuck[done], stuck[done]
            rows, trust, new_c, new_k = rows[~done], trust[~done], new_c[~done], new_k[~done]
            if len(rows) == 0:
                break
            likelihood = restrict(rows)
            d = Derivatives(*(getattr(d, name)[~done] for name in final))
        new = likelihood(new_c, new_k)
        tolerance = 1e-13 * np.abs(d.value)
        with np.errstate(invalid="ignore"):
            better = new.value >= d.value - tolerance
        c[rows], k[rows] = np.where(better, new_c, c[rows]), np.where(better, new_k, k[rows])
        d = Derivatives(*(np.where(better, getattr(new, name), getattr(d, name)) for name in final))
        trust = np.where(better, np.minimum(1.0, trust * 2), trust / 2)
        for name, column in final.items():
            column[rows] = getattr(d, name)
    return Maximum(c, k, Derivatives(**final), settled, at_bound)


def covariance(d: Derivatives) -> tuple[Floats, Floats, Floats]:
    """Inverse observed information: var(level), cov, var(log shape); NaN where that is no covariance."""
    det = d.cc * d.kk - d.ck * d.ck
    with np.errstate(divide="ignore", invalid="ignore"):
        is_peak = (det > 1e-12 * d.cc * d.kk) & (d.cc < 0)
        scale = np.where(is_peak, 1.0 / det, np.nan)
    return -d.kk * scale, d.ck * scale, -d.cc * scale


def shape_gradient(fit: Maximum, target: float | None) -> tuple[Floats, Floats, Floats]:
    """The quantity to limit (log shape, or a log quantile with z = target) and its two derivatives."""
    if target is None:
        return fit.log_shape, np.zeros_like(fit.level), np.ones_like(fit.level)
    shape = np.exp(fit.log_shape)
    return (target - fit.level) / shape, -1.0 / shape, -(target - fit.level) / shape


def profile_limits(
    restrict: Restrict, fit: Maximum, target: float | None, drop: float
) -> tuple[Floats, Floats]:
    """Lower and upper limit of log shape (target None) or of log quantile - pivot (z = target).

    The limits are the smallest and largest value on the contour {loglik = maximum - drop}: there the
    gradients of log-likelihood and quantity are parallel. Newton on these two equations starts at the Wald
    limits; what it does not settle is bracketed row by row (Venzon & Moolgavkar 1988, Applied Statistics
    37:87). Infinite where the contour is open. Rows that did not settle give NaN.
    """
    var_c, cov, var_k = covariance(fit.at)
    value, by_c, by_k = shape_gradient(fit, target)
    along_c, along_k = var_c * by_c + cov * by_k, cov * by_c + var_k * by_k
    norm = np.sqrt(2 * drop / (by_c * along_c + by_k * along_k))
    limits = []
    for side in (-1.0, 1.0):
        limit = np.full(len(value), np.nan)
        pending = np.flatnonzero(fit.is_settled & np.isfinite(norm))
        for stages in ONE_LEAP, SMALL_STEPS:
            c, k, reached = fit.level.copy(), fit.log_shape.copy(), 0.0
            found = np.zeros(len(value), bool)
            for share in stages:
                grown = np.sqrt(share) - np.sqrt(reached)
                if reached:
                    c += (c - fit.level) * grown / np.sqrt(reached)
                    k += (k - fit.log_shape) * grown / np.sqrt(reached)
                else:
                    c += side * norm * along_c * grown
                    k += side * norm * along_k * grown
                found = _tangent(restrict, fit, pending, c, k, target, drop * share)
                reached = share
            candidate, *_ = shape_gradient(Maximum(c, k, fit.at, fit.is_settled, fit.is_at_bound), target)
            good = found & (side * (candidate - value) > 0)
            limit[good] = candidate[good]
            pending = pending[~good[pending]]
            if len(pending) == 0:
                break
        for row in np.flatnonzero(fit.is_settled & np.isnan(limit)):
            alone = restrict(np.array([row]))
            limit[row] = bracketed_limit(alone, fit, int(row), target, drop, side, float(norm[row]))
        limits.append(limit)
    return limits[0], limits[1]


def _tangent(
    restrict: Restrict, fit: Maximum, rows: Rows, c: Floats, k: Floats, target: float | None, drop: float
) -> NDArray[np.bool_]:
    """Newton on {loglik = maximum - drop, gradients parallel}; moves c and k in place, tells who settled."""
    found = np.zeros(len(c), bool)
    if len(rows) == 0:
        return found
    likelihood = restrict(rows)
    for _ in range(12):
        d = likelihood(c[rows], k[rows])
        height = d.value - (fit.at.value[rows] - drop)
        if target is None:
            slope, slope_c, slope_k = d.c, d.cc, d.ck
        else:
            reach = target - c[rows]
            slope = d.c * reach - d.k
            slope_c, slope_k = d.cc * reach - d.c - d.ck, d.ck * reach - d.kk
        with np.errstate(divide="ignore", invalid="ignore"):
            det = d.c * slope_k - d.k * slope_c
            dc = -(height * slope_k - d.k * slope) / det
            dk = -(d.c * slope - slope_c * height) / det
            shrink = 1.0 / np.maximum(1.0, np.maximum(np.abs(dc) / 1.5, np.abs(dk) / 0.7))
        c[rows] += dc * shrink
        k[rows] += dk * shrink
        done = (np.abs(dc) < 1e-5) & (np.abs(dk) < 1e-5)
        lost = ~np.isfinite(dc) | ~np.isfinite(dk) | (np.abs(k[rows]) > LOG_SHAPE_BOUND)
        found[rows[done]] = True
        leaving = done | lost
        if leaving.all():
            break
        if leaving.any():
            rows = rows[~leaving]
            likelihood = restrict(rows)
    return found


def bracketed_limit(
    likelihood: Likelihood,
    fit: Maximum,
    row: int,
    target: float | None,
    drop: float,
    side: float,
    step: float,
) -> float:
    """One limit by bracketing the profile: slow, sure, infinite where the profile never falls by `drop`."""
    level, log_shape, top = float(fit.level[row]), float(fit.log_shape[row]), float(fit.at.value[row])
    start = log_shape if target is None else (target - level) / np.exp(log_shape)

    last = [level if target is None else log_shape]  # where the other parameter was best: the next start

    def at(c: float, k: float) -> Derivatives:
        return likelihood(np.array([c]), np.array([k]))

    def excess(value: float) -> float:
        """Profile log-likelihood at this value, over the other parameter, less the contour's."""
        best = -np.inf
        for offset in (0.0, 0.5, -0.5):
            x, is_settled = last[0] + offset, False
            for _ in range(60):
                if target is None:
                    d = at(x, value)
                    first, second = d.c[0], d.cc[0]
                else:
                    shape = np.exp(x)
                    d = at(target - shape * value, x)
                    by_k = -shape * value
                    first = d.k[0] + d.c[0] * by_k
                    second = d.kk[0] + 2 * d.ck[0] * by_k + d.cc[0] * by_k**2 + d.c[0] * by_k
                if np.isfinite(d.value[0]):
                    best = max(best, float(d.value[0]))
                move = -first / second if second < 0 else np.sign(first) * 0.3
                move = float(np.clip(move, -0.5, 0.5))
                is_settled = abs(move) < 1e-8
                if not np.isfinite(move) or is_settled or abs(x) > 60:
                    break
                x += move
            if is_settled:
                last[0] = x
                break
        return best - (top - drop)

    width = step if np.isfinite(step) and step > 0 else 1.0
    near, far = start, start + side * width
    for _ in range(40):
        if excess(far) < 0:
            return float(brentq(excess, near, far, xtol=1e-10, rtol=1e-12))
        near, far = far, far + side * width
        width *= 1.5
        if abs(far - start) > 200:
            break
    return side * np.inf
