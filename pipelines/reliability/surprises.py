"""Whether counts are higher or lower than they were expected to be, many of them at once.

Belongs here: the spread of counts around their expectations, exact limits. Does not: the expectations
(`expected_counts`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, gammainc, gammaincinv

from pipelines.reliability.observations import Floats

POISSON_FROM = 1e7
"""A shape from which on the negative binomial is a Poisson distribution to any use."""


@dataclass(frozen=True)
class Ratios:
    """Observed over expected with exact limits, and the chances of as many or more, as few or fewer."""

    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    chance_above: Floats
    chance_below: Floats


def overdispersion_of(observed: ArrayLike, mean: ArrayLike, shape: ArrayLike) -> float:
    """phi >= 0 of Var = mean + mean^2 (1/shape + phi), by moments over past counts; NaN is left out.

    How much further counts fell from their expectations than chance and the known doubt allow: weather, and
    whatever the expectation does not know. 0 without counts.
    """
    x, m, a = np.broadcast_arrays(*(np.asarray(values, float) for values in (observed, mean, shape)))
    keep = np.isfinite(x) & np.isfinite(m) & (m > 0)
    x, m, a = x[keep], m[keep], a[keep]
    if len(x) == 0:
        return 0.0
    beyond = ((x - m) ** 2 - m - m**2 / a).sum() / (m**2).sum()
    return float(max(beyond, 0.0))


def count_ratios(observed: ArrayLike, mean: ArrayLike, shape: ArrayLike, tail: ArrayLike) -> Ratios:
    """Exact limits of observed over expected, each missing the truth with a chance of at most `tail`.

    The expectation is Gamma(shape) around its mean, so the count is negative binomial: given that as much as
    `shape` events were counted before, it is the conditional binomial of two Poisson counts, whose Clopper &
    Pearson limits turn into limits of the ratio. For a boundless shape they are Garwood's. Arrays of one
    shape; mean > 0 (NaN where it is not).

    Przyborowski & Wilenski 1940 (Biometrika 31:313); Garwood 1936 (Biometrika 28:437).
    """
    x, m, a, p = np.broadcast_arrays(*(np.asarray(v, float) for v in (observed, mean, shape, tail)))
    m = np.where(m > 0, m, np.nan)
    poisson = a >= POISSON_FROM
    safe = np.where(poisson, 1.0, a)
    with np.errstate(divide="ignore", invalid="ignore"):
        some, share = np.maximum(x, 1), m / (m + safe)
        above = np.where(poisson, gammainc(some, m), betainc(some, safe, share))
        above = np.where(x <= 0, 1.0, above)
        below = np.where(poisson, 1 - gammainc(x + 1, m), 1 - betainc(x + 1, safe, share))
        low = betaincinv(some, safe, p)
        high = betaincinv(x + 1, safe, 1 - p)
        low = np.where(poisson, gammaincinv(some, p), low / (1 - low) * safe)
        high = np.where(poisson, gammaincinv(x + 1, 1 - p), high / (1 - high) * safe)
        return Ratios(x / m, np.where(x <= 0, 0.0, low / m), high / m, above, below)
