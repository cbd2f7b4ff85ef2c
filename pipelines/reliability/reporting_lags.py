"""How many failures have happened that nobody has reported yet.

Belongs here: the distribution of the lag from failure to report, from reports alone, and the correction it
gives. Does not: lifetimes. A report seen today has a lag no longer than the time since its failure: lags
are right-truncated, so their plain distribution is too short, most for recent months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from pipelines.reliability.doubts import NoFailuresError, ObservationError
from pipelines.reliability.observations import Floats, checked, totals


@dataclass(frozen=True)
class ReportingDelay:
    """Share of failures reported within each lag, given that they are within the longest lag observable.

    Arrays of shape (lags,), rising. reported_share is G(lag) / G(longest lag); standard_error by Greenwood
    in reverse time; reports and at_risk are the counts in each factor.
    """

    lags: Floats
    reports: Floats
    at_risk: Floats
    reported_share: Floats
    standard_error: Floats


@dataclass(frozen=True)
class CorrectedCounts:
    """Failures that happened, reported or not; arrays in the shape of the counts."""

    counts: Floats
    standard_error: Floats


def reporting_delay(
    lags: ArrayLike, elapsed: ArrayLike, weight: ArrayLike = 1.0, recent: float = np.inf
) -> ReportingDelay:
    """G(s) = prod_{u > s} (1 - d_u/n_u), n_u = reports with lag <= u <= elapsed < u + recent.

    The product-limit estimate in reverse time. lags: (reports,) from failure to report; elapsed: (reports,)
    from failure to the day of looking, lag <= elapsed; weight counts equal reports. All in one unit (days).
    Lags beyond the longest elapsed time are unknowable from reports: shares are given those within it.
    recent: each factor rests on what arrived at that lag within the last `recent` days, as a chain ladder on
    its latest diagonals, so that a delay that drifts is followed; by default on all.
    Raises ObservationError for a lag beyond its elapsed time, NoFailuresError without reports.

    Kalbfleisch & Lawless 1989 (JASA 84:360) and 1991 (Statistica Sinica 1:19); Lagakos, Barraj & De
    Gruttola 1988.
    """
    _, lag, seen_for, w = checked(lags, elapsed, 0.0, weight)
    lag, seen_for, w = lag[w > 0], seen_for[w > 0], w[w > 0]
    if len(lag) == 0:
        raise NoFailuresError(0)
    if np.isfinite(recent):
        lag, seen_for, w, grid, at_risk = _recent(lag, seen_for, w, recent)
        where = np.searchsorted(grid, lag)
        return _product(grid, totals(where, w, len(grid)), at_risk)
    grid, where = np.unique(lag, return_inverse=True)
    reports = totals(where, w, len(grid))
    by_lag, by_elapsed = np.argsort(lag, kind="stable"), np.argsort(seen_for, kind="stable")
    short = np.concatenate([[0.0], np.cumsum(w[by_lag])])[np.searchsorted(lag[by_lag], grid, side="right")]
    gone = np.concatenate([[0.0], np.cumsum(w[by_elapsed])])[
        np.searchsorted(seen_for[by_elapsed], grid, side="left")
    ]
    return _product(grid, reports, short - gone)


def _recent(
    lag: Floats, seen_for: Floats, w: Floats, recent: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """The reports that arrived in the last `recent` days, their lags, and how many were at risk at each."""
    arrived = seen_for - lag < recent
    grid = np.unique(lag[arrived])
    if len(grid) == 0:
        raise NoFailuresError(0)
    at_risk = np.array([w[(lag <= u) & (seen_for >= u) & (seen_for < u + recent)].sum() for u in grid])
    return lag[arrived], seen_for[arrived], w[arrived], grid, at_risk


def _product(grid: Floats, reports: Floats, at_risk: Floats) -> ReportingDelay:
    """The product over the lags from the longest down."""
    factors = 1.0 - reports / at_risk
    factors[0] = 1.0  # the shortest lag carries what remains
    share = np.concatenate([np.cumprod(factors[::-1])[::-1][1:], [1.0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(factors > 0, reports / (at_risk * (at_risk - reports)), 0.0)
    terms[0] = 0.0
    spread = np.concatenate([np.cumsum(terms[::-1])[::-1][1:], [0.0]])
    if not np.all(np.isfinite(share)):
        raise ObservationError(
            "The lags leave no report at risk at some lag. Check that every lag <= elapsed."
        )
    return ReportingDelay(grid, reports, at_risk, share, share * np.sqrt(spread))


def reported_share(delay: ReportingDelay, elapsed: ArrayLike) -> Floats:
    """G(elapsed): the share of failures of that age that are reported by now; 0 below the shortest lag."""
    position = np.searchsorted(delay.lags, np.asarray(elapsed, float), side="right")
    return np.concatenate([[0.0], delay.reported_share])[position]


def delay_corrected(counts: ArrayLike, elapsed: ArrayLike, delay: ReportingDelay) -> CorrectedCounts:
    """N(s) = reported(s) / G(elapsed since s); Var = N (1 - G)/G + N^2 Var G / G^2.

    counts: failures reported so far by date of failure, any shape; elapsed: time since those dates, same
    shape. NaN where G is 0: so recent that nothing can be known.

    Kalbfleisch & Lawless 1989; variance by the delta method with binomial reporting.
    """
    n, since = np.asarray(counts, float), np.asarray(elapsed, float)
    share = reported_share(delay, since)
    error = np.concatenate([[0.0], delay.standard_error])[np.searchsorted(delay.lags, since, side="right")]
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = np.where(share > 0, n / share, np.nan)
        variance = corrected * (1 - share) / share + (corrected * error / share) ** 2
    return CorrectedCounts(corrected, np.sqrt(variance))


def reported_share_limits(
    delay: ReportingDelay, elapsed: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Limits of G(elapsed) on the scale of log odds, within 0 and 1; the share itself where it is 0 or 1."""
    position = np.searchsorted(delay.lags, np.asarray(elapsed, float), side="right")
    share = np.concatenate([[0.0], delay.reported_share])[position]
    error = np.concatenate([[0.0], delay.standard_error])[position]
    inside = (share > 0) & (share < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = share / (1 - share)
        factor = np.exp(ndtri(0.5 + confidence / 2) * error / (share * (1 - share)))
        low, high = odds / factor / (1 + odds / factor), odds * factor / (1 + odds * factor)
    return np.where(inside, low, share), np.where(inside, high, share)
