"""Whether groups of units live equally long, without a distribution.

Belongs here: the log-rank test and its weighted form. Does not: curves (product_limit.py) or what groups are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from pipelines.reliability.doubts import NoFailuresError, ObservationError
from pipelines.reliability.observations import Floats, checked


@dataclass(frozen=True)
class LogRank:
    """Failures of each group against those expected if all lived alike; arrays of shape (groups,).

    groups: the labels, sorted. With a weight (rho above 0) observed and expected are weighted sums.
    covariance: of observed - expected, shape (groups, groups).
    """

    groups: NDArray[np.generic]
    units: Floats
    observed: Floats
    expected: Floats
    covariance: Floats
    statistic: float
    degrees: int
    p_value: float


def log_rank(
    ages: ArrayLike,
    is_failure: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
    entry: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
) -> LogRank:
    """chi2 = (O - E)' V^-1 (O - E), E_g = sum_t d_t n_gt/n_t, V hypergeometric: exact with ties.

    V_gh = sum_t d (n - d)/(n - 1) n_g/n (1[g=h] - n_h/n). Two or more groups, degrees = groups - 1. Sums
    run within strata and are then added. rho: each failure time weighs S(t-)^rho, S the stratum's
    product-limit survival of all groups together (1: Peto & Peto's Wilcoxon test).

    ages, is_failure, group, strata, entry, weight: (units,); exact ages, units censored at t are at risk at
    t, those entering at e after e; weight counts equal units. Raises NoFailuresError, and ObservationError
    for fewer than two groups or arrays of different lengths.

    Mantel 1966 (Cancer Chemother. Rep. 50:163); Peto & Peto 1972 (JRSS A 135:185); Harrington & Fleming
    1982 (Biometrika 69:553); strata: Kalbfleisch & Prentice 1980, section 1.4.
    """
    e, age, _, w = checked(ages, np.inf, entry, weight)
    failed, member = np.asarray(is_failure, bool), np.asarray(group)
    layer = np.zeros(len(age), np.intp) if strata is None else np.asarray(strata)
    if not failed.shape == member.shape == layer.shape == age.shape:
        raise ObservationError(
            f"ages {age.shape}, is_failure {failed.shape}, group {member.shape} and strata {layer.shape} "
            "must be of one length."
        )
    labels, number = np.unique(member, return_inverse=True)
    if len(labels) < 2:
        raise ObservationError("All units are of one group: a comparison needs two.")
    if not (w * failed).sum() > 0:
        raise NoFailuresError(float(w.sum()))
    belongs = (number[:, None] == np.arange(len(labels))) * w[:, None]
    seen, due = np.zeros(len(labels)), np.zeros(len(labels))
    covariance = np.zeros((len(labels), len(labels)))
    for one in np.unique(layer):
        rows = layer == one
        found = _stratum(age[rows], failed[rows], e[rows], belongs[rows], rho)
        seen, due, covariance = seen + found[0], due + found[1], covariance + found[2]
    difference = seen - due
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return LogRank(
        labels,
        belongs.sum(axis=0),
        seen,
        due,
        covariance,
        statistic,
        degrees,
        float(chdtrc(degrees, statistic)),
    )


def _stratum(
    age: Floats, failed: NDArray[np.bool_], entry: Floats, belongs: Floats, rho: float
) -> tuple[Floats, Floats, Floats]:
    """Weighted observed and expected failures of each group, and the covariance of their difference."""
    times = np.unique(age[failed])
    at_risk = _sums_from(age, belongs, times) - _sums_from(entry, belongs * (entry > 0)[:, None], times)
    own = np.zeros((len(times), belongs.shape[1]))
    np.add.at(own, np.searchsorted(times, age[failed]), belongs[failed])
    everyone, deaths = at_risk.sum(axis=1), own.sum(axis=1)
    share = at_risk / everyone[:, None]
    survival = np.concatenate([[1.0], np.cumprod(1 - deaths / everyone)[:-1]])
    by = survival**rho
    spread = (
        by**2 * deaths * np.where(everyone > 1, (everyone - deaths) / np.maximum(everyone - 1, 1e-300), 0.0)
    )
    covariance = np.diag((spread[:, None] * share).sum(axis=0)) - (spread[:, None] * share).T @ share
    return (by[:, None] * own).sum(axis=0), ((by * deaths)[:, None] * share).sum(axis=0), covariance


def _sums_from(values: Floats, columns: Floats, times: Floats) -> Floats:
    """Column sums over the rows whose value is at or after each time; shape (times, columns)."""
    order = np.argsort(values, kind="stable")
    sums = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(columns[order], axis=0)])
    return sums[-1] - sums[np.searchsorted(values[order], times, side="left")]
