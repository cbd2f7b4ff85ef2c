"""Failures per exposure: rates and counts with exact Poisson limits.

Belongs here: a constant rate from failures and exposure. Does not: rates that change with age, shrinkage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class AnnualisedRate:
    """Failures per unit-year with exact limits, and the share of units that fail in a year at that rate."""

    rate: Floats
    rate_low: Floats
    rate_high: Floats
    yearly_share: Floats
    yearly_share_low: Floats
    yearly_share_high: Floats
    confidence: float


def poisson_limits(count: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """low = chi2(a/2; 2n)/2, high = chi2(1-a/2; 2n+2)/2, a = 1 - confidence: exact limits of a Poisson mean.

    count: any shape, observed or expected; need not be whole (warranty forecasts put their expected count
    here). low is 0 at count 0. Raises ObservationError for a negative count.

    Garwood 1936 (Biometrika 28:437); Meeker & Escobar 1998, section 7.2 note.
    """
    n = np.asarray(count, float)
    if np.any(~(n >= 0)):
        raise ObservationError(f"A count is {np.min(n):g} or missing: counts are 0 or more.")
    tail = (1 - confidence) / 2
    low = np.where(n > 0, chdtri(np.where(n > 0, 2 * n, 1.0), 1 - tail) / 2, 0.0)
    return low, chdtri(2 * n + 2, tail) / 2


def annualised_rate(
    failures: ArrayLike,
    exposure_days: ArrayLike,
    confidence: float = 0.95,
    days_per_year: float = DAYS_PER_YEAR,
) -> AnnualisedRate:
    """AFR = failures / (exposure_days / days_per_year); yearly share = 1 - exp(-AFR). Exact Poisson limits.

    failures, exposure_days: any equal shapes; exposure in unit-days. days_per_year: published drive
    statistics use 365. A rate above 1 is legal (units replaced at failure); the yearly share never exceeds
    1. Raises ObservationError where exposure is not positive.

    Garwood 1936 for the limits; rate as in Backblaze's published drive statistics.
    """
    years = np.asarray(exposure_days, float) / days_per_year
    if np.any(~(years > 0)):
        raise ObservationError(
            "An exposure is 0, negative or missing: a rate needs unit-days in service. Leave such groups out."
        )
    low, high = (limit / years for limit in poisson_limits(failures, confidence))
    rate = np.asarray(failures, float) / years
    return AnnualisedRate(rate, low, high, *(-np.expm1(-r) for r in (rate, low, high)), confidence=confidence)
