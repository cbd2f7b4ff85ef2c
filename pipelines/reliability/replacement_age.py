"""When to replace a part before it fails: the age that costs least per unit of time.

Belongs here: the age-replacement policy of a Weibull part. Does not: what a replacement costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import gamma, gammainc

from pipelines.reliability.doubts import ObservationError


@dataclass(frozen=True)
class ReplacementAge:
    """The best age (infinite: run to failure) and the cost per unit of time there."""

    age: float
    cost_rate: float


def best_replacement_age(
    shape: float, scale: float, planned_cost: float, failure_cost: float
) -> ReplacementAge:
    """min over T of (Cp S(T) + Cf F(T)) / integral_0^T S; at it (Cf - Cp)(h(T) integral S + S(T)) = Cf.

    Ages in the unit of scale, costs in any one. Replacing early pays only where the part wears (shape > 1)
    and failing costs more than planning; else the age is infinite. Raises ObservationError for costs or
    parameters not above 0.

    Barlow & Proschan 1965, Mathematical Theory of Reliability, chapter 4.2.
    """
    if min(shape, scale, planned_cost, failure_cost) <= 0:
        raise ObservationError("shape, scale, planned_cost and failure_cost must be above 0.")
    mean_life = float(gamma(1 + 1 / shape))
    if shape <= 1 or failure_cost <= planned_cost:
        return ReplacementAge(float("inf"), failure_cost / (scale * mean_life))
    margin = failure_cost - planned_cost

    def operated(x: float) -> float:
        """integral_0^x of exp(-u^shape), ages in scales."""
        return mean_life * float(gammainc(1 / shape, x**shape))

    def slope(x: float) -> float:
        return margin * (shape * x ** (shape - 1) * operated(x) + np.exp(-(x**shape))) - failure_cost

    high = 1.0
    while slope(high) < 0:
        high *= 2
        if high > 1e6:
            return ReplacementAge(float("inf"), failure_cost / (scale * mean_life))
    x = float(brentq(slope, 1e-12, high, xtol=1e-15, rtol=1e-14))
    return ReplacementAge(x * scale, margin * shape * x ** (shape - 1) / scale)
