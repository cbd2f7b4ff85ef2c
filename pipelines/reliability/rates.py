"""Failures per exposure: rates and counts with exact Poisson limits.

Belongs here: a constant rate from failures and exposure, and two of them compared. Does not: rates that
change with age, shrinkage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy

from pipelines.limits import clopper_pearson, garwood
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


@dataclass(frozen=True)
class RateComparison:
    """First rate over second, with exact limits and the p value of "they are equal (or as the null says)"."""

    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    confidence: float


def compare_rates(
    events: tuple[float, float],
    exposure: tuple[float, float],
    *,
    ratio: float = 1.0,
    alternative: Literal["two-sided", "greater", "less"] = "two-sided",
    confidence: float = 0.95,
) -> RateComparison:
    """x1 | x1 + x2 ~ Binomial(p), p = ratio t1/(ratio t1 + t2): exact comparison of two Poisson rates.

    Two-sided p value: probability of all outcomes no likelier than the one seen. Limits are Clopper &
    Pearson's of p turned into ratios, one-sided for a one-sided alternative. events: whole counts, 0 or
    more; exposure: above 0, in one unit. ratio: that of the null hypothesis. Raises ObservationError.

    Przyborowski & Wilenski 1940 (Biometrika 31:313); as R's poisson.test.
    """
    (x1, x2), (t1, t2) = events, exposure
    if min(x1, x2) < 0 or x1 != round(x1) or x2 != round(x2) or min(t1, t2) <= 0 or ratio <= 0:
        raise ObservationError(
            f"events {events} and exposure {exposure}: events are whole numbers of 0 or more, exposures "
            "and the null ratio lie above 0."
        )
    n, p = int(x1 + x2), ratio * t1 / (ratio * t1 + t2)
    k = np.arange(n + 1.0)
    chance = np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlog1py(n - k, -p))
    seen = int(x1)
    if alternative == "two-sided":
        p_value = float(chance[chance <= chance[seen] * (1 + 1e-7)].sum())
    else:
        p_value = float(chance[seen:].sum() if alternative == "greater" else chance[: seen + 1].sum())
    tail = (1 - confidence) / 2 if alternative == "two-sided" else 1 - confidence
    low, high = clopper_pearson(x1, x2, tail)
    shares = (0.0 if alternative == "less" else low, 1.0 if alternative == "greater" else high)
    low, high = (share / (1 - share) * t2 / t1 if share < 1 else float("inf") for share in shares)
    estimate = (x1 / t1) / (x2 / t2) if x2 else (float("inf") if x1 else float("nan"))
    return RateComparison(estimate, low, high, min(p_value, 1.0), confidence)


def poisson_limits(count: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """low = chi2(a/2; 2n)/2, high = chi2(1-a/2; 2n+2)/2, a = 1 - confidence: exact limits of a Poisson mean.

    count: any shape, observed or expected; need not be whole (warranty forecasts put their expected count
    here). low is 0 at count 0. Raises ObservationError for a negative count.

    Garwood 1936 (Biometrika 28:437); Meeker & Escobar 1998, section 7.2 note.
    """
    n = np.asarray(count, float)
    if np.any(~(n >= 0)):
        raise ObservationError(f"A count is {np.min(n):g} or missing: counts are 0 or more.")
    return garwood(n, confidence)


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
