"""The lognormal and the loglogistic lifetime, beside the Weibull as a check on what lies beyond the data.

Belongs here: these two under their names. Does not: their likelihood and fit (location_scale.py), batches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from pipelines.reliability.batch import LimitMethod
from pipelines.reliability.location_scale import (
    LOGLOGISTIC,
    LOGNORMAL,
    LocationScaleFit,
    fit_location_scale,
)
from pipelines.reliability.observations import Floats, Observations

LognormalFit = LocationScaleFit


def fit_lognormal(
    observations: Observations,
    *,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> LognormalFit:
    """F(t) = Phi((log t - mu)/sigma): mu and sigma are mean and standard deviation of log age.

    Limits and errors as in fit_location_scale. Meeker & Escobar 1998, section 4.5.
    """
    return fit_location_scale(
        observations, LOGNORMAL, confidence=confidence, quantile_share=quantile_share, limits=limits
    )


def fit_loglogistic(
    observations: Observations,
    *,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> LocationScaleFit:
    """F(t) = 1/(1 + (t/exp(mu))^(-1/sigma)). Limits and errors as in fit_location_scale.

    Meeker & Escobar 1998, section 4.11.
    """
    return fit_location_scale(
        observations, LOGLOGISTIC, confidence=confidence, quantile_share=quantile_share, limits=limits
    )


def lognormal_cumulative(ages: ArrayLike, mu: float, sigma: float) -> Floats:
    """F(t) = Phi((log t - mu)/sigma); ages in the unit of the fit."""
    with np.errstate(divide="ignore"):
        return ndtr((np.log(np.asarray(ages, float)) - mu) / sigma)
