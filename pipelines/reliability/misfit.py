"""Whether a curve follows the life table that it was fitted to.

Belongs here: the test of grouped counts against a fitted Weibull. Does not: fitting (batch.py), or what is
done with a curve that does not follow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from pipelines.reliability.observations import Floats
from pipelines.reliability.weibull import weibull_cumulative_hazard

FITTED_PARAMETERS = 2
EXPECTED_PER_CELL = 5.0  # below it the chi-square is no longer the distribution of X^2


def misfit_probability(
    events: ArrayLike,
    censored: ArrayLike,
    shape: ArrayLike,
    scale: ArrayLike,
    age_ends: ArrayLike | None = None,
    *,
    lived: ArrayLike = 1.0,
) -> Floats:
    """P(chi2 >= X^2), X^2 = sum_g (O_g - E_g)^2 / E_g, with cells - 2 degrees of freedom; (samples,).

    E_j = (n_j - c_j (1 - lived_j)) (1 - exp(-(H(a_j) - H(a_{j-1})))), n_j units at risk when column j begins,
    c_j those that leave in it after that share of it (1: they leave at its end). Consecutive columns are
    joined until about five events are expected. Small: so bad a fit is hardly chance. NaN where fewer than
    three cells remain, or the fit is missing.

    events, censored: (samples, ages) counts as in fit_weibull_life_tables; lived: same shape or scalar;
    shape, scale: (samples,).

    Pearson's X^2 for grouped failures: Lawless 2003, Statistical Models and Methods for Lifetime Data,
    chapter 10.
    """
    failed, left = np.atleast_2d(np.asarray(events, float)), np.atleast_2d(np.asarray(censored, float))
    ends = np.arange(1.0, failed.shape[1] + 1) if age_ends is None else np.asarray(age_ends, float)
    k, s = (np.asarray(each, float)[:, None] for each in (shape, scale))
    leaving = failed + left
    at_risk = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1]
    hazard = np.diff(weibull_cumulative_hazard(ends, k, s), axis=1, prepend=0.0)
    with np.errstate(invalid="ignore"):
        expected = (at_risk - left * (1 - np.asarray(lived, float))) * -np.expm1(-hazard)
    is_known = np.isfinite(expected).all(axis=1)
    expected = np.where(is_known[:, None], expected, 0.0)
    whole = np.maximum(np.floor(expected.sum(axis=1) / EXPECTED_PER_CELL), 1)
    cell = np.floor(np.cumsum(expected, axis=1) / EXPECTED_PER_CELL * (1 - 1e-9))
    cell = np.minimum(cell, whole[:, None] - 1)
    number = np.cumsum(np.diff(cell, axis=1, prepend=cell[:, :1]) > 0, axis=1)
    samples, ages = failed.shape
    place = (np.arange(samples)[:, None] * ages + number).ravel()
    seen, foreseen = (
        np.bincount(place, values.ravel(), samples * ages).reshape(samples, ages)
        for values in (failed, expected)
    )
    is_cell = foreseen > 0
    distance = np.where(is_cell, (seen - foreseen) ** 2 / np.where(is_cell, foreseen, 1.0), 0.0).sum(axis=1)
    freedom = is_cell.sum(axis=1) - FITTED_PARAMETERS
    can_tell = is_known & (freedom >= 1)
    return np.where(can_tell, chdtrc(np.where(can_tell, freedom, 1), distance), np.nan)
