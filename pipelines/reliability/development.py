"""Claims to come from how earlier cohorts developed: the chain ladder with Mack's standard error.

Belongs here: development factors of a run-off triangle and what they promise. Does not: lifetimes, or what
a cohort is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats

LEAST_SIGNIFICANCE = 0.05
LastSigma = Literal["log-linear", "mack"]


@dataclass(frozen=True)
class ChainLadder:
    """Ultimates and reserves per cohort with Mack's errors; arrays (cohorts,), factors (periods - 1,).

    completed: the triangle with its future filled in, shape (cohorts, periods), cumulative. factor_errors:
    standard errors of the factors. last_sigma: how the last sigma was found.
    """

    factors: Floats
    factor_errors: Floats
    sigmas: Floats
    completed: Floats
    latest: Floats
    ultimates: Floats
    reserves: Floats
    standard_errors: Floats
    process_errors: Floats
    parameter_errors: Floats
    total_reserve: float
    total_standard_error: float
    last_sigma: LastSigma


def chain_ladder(
    triangle: ArrayLike,
    *,
    is_cumulative: bool = True,
    alpha: float = 1.0,
    last_sigma: LastSigma = "mack",
    tail_factor: float = 1.0,
) -> ChainLadder:
    """C_{i,k+1} = f_k C_ik, f_k = sum C_ik^(alpha-1) C_{i,k+1} / sum C_ik^alpha, with Mack's error.

    mse(R_i) = C_in^2 sum_k sigma_k^2/f_k^2 (1/C_ik + 1/sum_j C_jk) at alpha 1, the total with the covariance
    that the common factors bring. Process and parameter parts apart.

    triangle: (cohorts, periods), oldest cohort first, NaN where not yet observed (each row a run of known
    values from the left). is_cumulative False: the cells are increments. alpha: 1 weighs by volume (Mack
    1993), 0 averages the ratios, 2 is regression through the origin. last_sigma: the one that its single
    ratio cannot give: "mack" takes sigma^2 = min(s_{n-2}^4/s_{n-3}^2, s_{n-3}^2, s_{n-2}^2), "log-linear" the
    straight line of log sigma over k, or "mack" where that line is not significant at 5 %. tail_factor:
    development beyond the last period, taken without error.

    Raises ObservationError for a triangle with holes, fewer than two periods, or cells that cannot carry a
    factor (0 or below).

    Mack 1993 (ASTIN Bulletin 23:213), Mack 1999 (ASTIN Bulletin 29:361) for alpha; the log-linear rule as
    in the R package ChainLadder.
    """
    c = np.array(triangle, float)
    if c.ndim != 2 or min(c.shape) < 2:
        raise ObservationError(
            f"A triangle has two cohorts and two periods at least; this has shape {c.shape}."
        )
    known = np.isfinite(c)
    reach = known.sum(axis=1)
    if (
        not np.array_equal(known, np.arange(c.shape[1]) < reach[:, None])
        or reach.min() < 1
        or not known[0].all()
    ):
        raise ObservationError(
            "The triangle has holes, an empty cohort, or an oldest cohort that is not complete: each row is "
            "a run of known values from its first period on, NaN after."
        )
    if not is_cumulative:
        c = np.where(known, np.cumsum(np.where(known, c, 0.0), axis=1), np.nan)
    if np.any(c[:, :-1][known[:, 1:]] <= 0):
        raise ObservationError(
            "A cumulative cell that is followed by another is 0 or below: it cannot carry a factor. Merge "
            "its cohort with a neighbour, or begin at a later period."
        )
    periods = c.shape[1]
    factors, sigma2, volume = np.ones(periods - 1), np.full(periods - 1, np.nan), np.ones(periods - 1)
    for k in range(periods - 1):
        rows = known[:, k + 1]
        base, ratio = c[rows, k], c[rows, k + 1] / c[rows, k]
        volume[k] = (base**alpha).sum()
        factors[k] = (base**alpha * ratio).sum() / volume[k]
        if rows.sum() > 1:
            sigma2[k] = (base**alpha * (ratio - factors[k]) ** 2).sum() / (rows.sum() - 1)
    sigma2, last_sigma = _with_last(sigma2, last_sigma)
    full = c.copy()
    for k in range(periods - 1):
        full[:, k + 1] = np.where(known[:, k + 1], c[:, k + 1], full[:, k] * factors[k])
    process, parameter, total = _errors(full, known, factors, sigma2, volume, alpha)
    process, parameter, total = process * tail_factor, parameter * tail_factor, total * tail_factor
    latest = full[np.arange(len(c)), reach - 1]
    ultimates = full[:, -1] * tail_factor
    return ChainLadder(
        factors=factors,
        factor_errors=np.sqrt(sigma2 / volume),
        sigmas=np.sqrt(sigma2),
        completed=full,
        latest=latest,
        ultimates=ultimates,
        reserves=ultimates - latest,
        standard_errors=np.hypot(process, parameter),
        process_errors=process,
        parameter_errors=parameter,
        total_reserve=float((ultimates - latest).sum()),
        total_standard_error=total,
        last_sigma=last_sigma,
    )


def _errors(
    full: Floats,
    known: NDArray[np.bool_],
    factors: Floats,
    sigma2: Floats,
    volume: Floats,
    alpha: float,
) -> tuple[Floats, Floats, float]:
    """Process and parameter error of each cohort's ultimate, and the error of their sum."""
    cohorts, periods = full.shape
    process, parameter, total_parameter = np.zeros(cohorts), np.zeros(cohorts), 0.0
    for k in range(periods - 1):
        f, ahead = factors[k], ~known[:, k + 1]
        before = full[:, k]
        process = np.where(
            ahead, f**2 * process + np.where(ahead, sigma2[k] * np.abs(before) ** (2 - alpha), 0.0), 0.0
        )
        parameter = np.where(ahead, f**2 * parameter + before**2 * sigma2[k] / volume[k], 0.0)
        # All cohorts ahead share this factor's error: their sum moves as one.
        total_parameter = f**2 * total_parameter + (before[ahead].sum() ** 2) * sigma2[k] / volume[k]
    return np.sqrt(process), np.sqrt(parameter), float(np.sqrt(process.sum() + total_parameter))


def _with_last(sigma2: Floats, rule: LastSigma) -> tuple[Floats, LastSigma]:
    """The sigmas with those filled in that a single ratio could not give."""
    out = sigma2.copy()
    told = np.flatnonzero(np.isfinite(sigma2))
    missing = np.flatnonzero(~np.isfinite(sigma2))
    if len(missing) == 0:
        return out, rule
    if rule == "log-linear":
        used = told[sigma2[told] > 0]
        line = _line(used, np.log(np.sqrt(sigma2[used]))) if len(used) > 2 else None
        if line is not None and line[2] <= LEAST_SIGNIFICANCE:
            out[missing] = np.exp(line[0] + line[1] * missing) ** 2
            return out, rule
    for k in missing:
        if k >= 2 and out[k - 2] > 0:
            out[k] = min(out[k - 1] ** 2 / out[k - 2], out[k - 2], out[k - 1])
        else:
            out[k] = out[k - 1] if k >= 1 else 0.0
    return out, "mack"


def _line(x: NDArray[np.intp], y: Floats) -> tuple[float, float, float]:
    """Intercept and slope of the least-squares line, and the two-sided p value of its slope."""
    centred = x - x.mean()
    slope = float((centred * y).sum() / (centred**2).sum())
    intercept = float(y.mean() - slope * x.mean())
    left = float(((y - intercept - slope * x) ** 2).sum())
    degrees = len(x) - 2
    error = np.sqrt(left / degrees / (centred**2).sum())
    return intercept, slope, float(2 * stdtr(degrees, -abs(slope) / error)) if error > 0 else 0.0
