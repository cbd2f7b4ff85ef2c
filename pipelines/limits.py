"""Exact limits of counts and shares: one formula each, for pages and for fits.

Quantiles come from scipy.special: importing scipy.stats takes as long as a whole page.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, chdtri


def garwood(count: ArrayLike, confidence: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """low = chi2(a/2; 2n)/2, high = chi2(1-a/2; 2n+2)/2, a = 1 - confidence: limits of a Poisson mean.

    count: any shape, 0 or more, need not be whole. low is 0 at count 0. Garwood 1936 (Biometrika 28:437).
    """
    n = np.asarray(count, float)
    tail = (1 - confidence) / 2
    low = np.where(n > 0, chdtri(np.where(n > 0, 2 * n, 1.0), 1 - tail) / 2, 0.0)
    return low, chdtri(2 * n + 2, tail) / 2


def clopper_pearson(events: float, others: float, tail: float) -> tuple[float, float]:
    """Limits of a share of `events` among events + others, each with `tail` beyond it.

    Clopper & Pearson 1934 (Biometrika 26:404), as quantiles of beta distributions; 0 and 1 where there is
    no event or no other.
    """
    low = float(betaincinv(events, others + 1, tail)) if events > 0 else 0.0
    high = float(betaincinv(events + 1, others, 1 - tail)) if others > 0 else 1.0
    return low, high
