"""One profile that groups follow more or less strongly: the year of a shop's families.

Belongs here: the Poisson model with one factor. Does not: which groups, or what is left over (shrinkage.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.reliability.observations import Floats

ROUNDS = 200
STEADY = 1e-4
SMALLEST_VARIANCE = 1e-4
# Without a bound, a profile of nearly nothing would be followed a hundredfold.
LARGEST_STRENGTH_VARIANCE = 1.0


@dataclass(frozen=True)
class SharedProfile:
    """profile: (cells,), logarithms, and their variances; strength: (groups,), 1 on average, and the variance
    between groups; factor: (groups, cells), whose mean by expected count is 1, and the variance of its
    logarithm that comes from the strengths.
    """

    profile: Floats
    profile_log_variance: Floats
    strength: Floats
    strength_variance: float
    factor: Floats
    log_variance: Floats


def shared_profile(events: ArrayLike, expected: ArrayLike) -> SharedProfile:
    """x_gc ~ Poisson(e_gc exp(a_g + b_g k_c)), b_g ~ Normal(1, tau^2), k_c ~ Normal(0, sigma^2).

    Posterior modes by alternating Newton steps, a_g at its maximum throughout; both variances by EM with the
    curvature there (Laplace). A group that goes against the others has a strength below 0, one without a year
    has 0, and each tells the profile as much as it follows it. Where groups are few or alike, tau runs to 0
    and all follow the profile; where cells are alike, sigma does and there is none.

    events, expected: (groups, cells). The one-factor model of Lee and Carter by Poisson likelihood: Brouhns,
    Denuit & Vermunt 2002 (Insurance: Mathematics and Economics 31:373), with normal priors.
    """
    x, e = np.asarray(events, float), np.asarray(expected, float)
    total = x.sum(axis=1, keepdims=True)
    pooled = np.log((x.sum(axis=0) + 0.5) / (e.sum(axis=0) * x.sum() / max(e.sum(), 1e-300) + 0.5))
    k, b = pooled - pooled.mean(), np.ones((len(x), 1))
    k_variance, b_variance = np.zeros(len(k)), np.zeros(b.shape)
    sigma2, tau2 = max(float(k.var()), SMALLEST_VARIANCE), 0.25

    def fitted() -> Floats:
        m = e * np.exp(b * k)
        return m * total / np.maximum(m.sum(axis=1, keepdims=True), 1e-300)

    for _ in range(ROUNDS):
        before = k, b
        m = fitted()
        curve = (b**2 * m).sum(axis=0) + 1 / sigma2
        k = k + np.clip(((b * (x - m)).sum(axis=0) - k / sigma2) / curve, -1, 1)
        k_variance = 1 / curve
        m = fitted()
        middle = (m * k).sum(axis=1, keepdims=True) / np.maximum(total, 1e-300)
        curve = (m * (k - middle) ** 2).sum(axis=1, keepdims=True) + 1 / tau2
        b = b + np.clip((((x - m) * k).sum(axis=1, keepdims=True) - (b - 1) / tau2) / curve, -1, 1)
        b_variance = 1 / curve
        sigma2 = max(float((k**2 + k_variance).mean()), SMALLEST_VARIANCE)
        tau2 = np.clip(
            float(((b - 1) ** 2 + b_variance).mean()), SMALLEST_VARIANCE, LARGEST_STRENGTH_VARIANCE
        )
        if max(np.abs(k - before[0]).max(), np.abs(b - before[1]).max()) < STEADY:
            break
    factor = np.exp(b * k)
    factor *= e.sum(axis=1, keepdims=True) / np.maximum((e * factor).sum(axis=1, keepdims=True), 1e-300)
    return SharedProfile(k, k_variance, b[:, 0], float(tau2), factor, b_variance * k**2)
