"""Watching a Poisson count against its expectation, look after look, with a known false-alarm rate.

Belongs here: the maximised sequential probability ratio test and the CUSUM, with their exact operating
numbers. Does not: what is expected, which series are watched, or how alarms are shared between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import gammainc, gammaln, lambertw, xlogy

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats


@dataclass(frozen=True)
class MaxsprtPerformance:
    """Power, and the mean expected count (under no excess) at a signal and at the end of watching."""

    power: float
    mean_count_at_signal: float
    mean_count_at_end: float


def maxsprt_statistic(observed: ArrayLike, expected: ArrayLike) -> Floats:
    """LLR = n log(n/mu) - (n - mu) where n > mu, else 0: likelihood ratio, maximised over the excess risk.

    observed n, expected mu: any equal shapes, cumulative. Kulldorff et al. 2011 (Sequential Analysis
    30:58), eq. 2.
    """
    n, mu = np.asarray(observed, float), np.asarray(expected, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > mu, n * np.log(n / mu) - (n - mu), 0.0)


def maxsprt_critical_value(horizon: float, alpha: float = 0.05, minimum_events: int = 1) -> float:
    """c with P(LLR >= c at any moment until the expected count reaches `horizon`) = alpha.

    A signal needs at least minimum_events.     Watching is continuous in the expected count. Signals when
    LLR >= c. Raises ObservationError where even the mildest rule (a signal at minimum_events whenever they
    come) is rarer than alpha.

    Kulldorff et al. 2011, table 1; Kulldorff & Silva 2017 for minimum_events (CRAN package Sequential,
    CV.Poisson).
    """
    if horizon <= 0 or not 0 < alpha < 1 or minimum_events < 1:
        raise ObservationError(
            f"horizon {horizon}, alpha {alpha}, minimum_events {minimum_events}: no such watch."
        )
    if gammainc(minimum_events, horizon) < alpha:
        raise ObservationError(
            f"{minimum_events} events by an expected {horizon} are rarer than alpha = {alpha} in any case. "
            "Lower minimum_events or lengthen the watch."
        )

    def excess(critical: float) -> float:
        return maxsprt_performance(critical, horizon, minimum_events).power - alpha

    high = 2.0
    while excess(high) > 0:
        high *= 1.5
    return float(brentq(excess, 1e-9, high, xtol=1e-11, rtol=1e-14))


def maxsprt_performance(
    critical: float, horizon: float, minimum_events: int = 1, relative_risk: float = 1.0
) -> MaxsprtPerformance:
    """Exact power and times of the Poisson MaxSPRT when the true rate is relative_risk times the expected.

    n events signal if they come before mu_n, where LLR(n, mu_n) = critical: mu_n = -n W(-exp(-1 -
    critical/n)). Between these times the count is a Poisson process; a path that reaches n by mu_n is
    absorbed. relative_risk 1 gives the false-alarm probability. Kulldorff et al. 2011, section 2.
    """
    n = minimum_events
    state = np.zeros(n)  # probability of 0 … n-1 events, not signalled, at time `now`
    state[0] = 1.0
    now = power = when = 0.0
    while now < horizon:
        limit = min(float(-n * lambertw(-np.exp(-1 - critical / n)).real), horizon)
        length = max(limit - now, 0.0)
        if length > 0:
            needed = n - np.arange(n)
            load = relative_risk * length
            hit = gammainc(needed, load)  # P(the needed events come in time)
            power += float(state @ hit)
            when += float(state @ (now * hit + needed / relative_risk * gammainc(needed + 1, load)))
            state = np.convolve(state, _poisson(np.arange(n), load))[:n]
            now = limit
        n += 1
        state = np.append(state, 0.0)
    at_end = when + horizon * (1 - power)
    return MaxsprtPerformance(power, when / power if power > 0 else float("nan"), at_end)


def poisson_cusum(counts: ArrayLike, reference: ArrayLike) -> Floats:
    """C_t = max(0, C_{t-1} + x_t - k_t), C_0 = 0: counts and reference of shape (looks,), in time order.

    The reference may follow the exposure of each look: k = e (r - 1)/log r for a shift from e to r e (Lucas
    1985).
    """
    x, k = np.asarray(counts, float), np.asarray(reference, float)
    out, level = np.empty(len(x)), 0.0
    for i, step in enumerate(x - k):
        level = max(0.0, level + float(step))
        out[i] = level
    return out


def cusum_run_length(mean: float, reference: float, limit: float, head_start: float = 0.0) -> float:
    """Average number of looks until C >= limit, from C = head_start, for Poisson counts of this mean.

    head_start: where C begins, below the limit; half of it gives the fast initial response. (I - R) a = 1, R
    the moves between the values of C below the limit: C lives on the lattice of which reference, limit and
    head_start are multiples (whole, halves, … up to thousandths). Raises ObservationError off such a lattice.

    Brook & Evans 1972 (Biometrika 59:539); Lucas 1985 (Technometrics 27:129).
    """
    k, h, c = (Fraction(v).limit_denominator(1000) for v in (reference, limit, head_start))
    if abs(float(k) - reference) > 1e-12 or abs(float(h) - limit) > 1e-12 or h <= 0 or k <= 0 or mean <= 0:
        raise ObservationError(
            f"mean {mean}, reference {reference}, limit {limit} must be above 0, and the last two simple "
            "fractions (denominators up to 1000). Round them."
        )
    if abs(float(c) - head_start) > 1e-12 or not 0 <= c < h:
        raise ObservationError(
            f"head_start {head_start} must be a simple fraction from 0 to below the limit {limit}. Round it."
        )
    grain = lcm(k.denominator, h.denominator, c.denominator)
    drift, states = int(k * grain), int(h * grain)
    move = np.zeros((states, states))
    for i in range(states):
        # From level i, x events lead to i + grain x - drift; below 0 counts as 0, at or above the limit
        # ends the run.
        x = np.arange((states - 1 - i + drift) // grain + 1)
        np.add.at(move[i], np.maximum(i + grain * x - drift, 0), _poisson(x, mean))
    return float(np.linalg.solve(np.eye(states) - move, np.ones(states))[int(c * grain)])


def _poisson(counts: ArrayLike, mean: float) -> Floats:
    """P(X = x) of a Poisson count; scipy.stats has it too, but takes half a second to import."""
    x = np.asarray(counts, float)
    return np.exp(xlogy(x, mean) - gammaln(x + 1) - mean)
