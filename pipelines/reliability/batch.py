"""Weibull fits of many samples in one call: thousands of life tables in one batched Newton search.

Belongs here: life tables and grouped observations in, one row of estimates with limits per sample out. Does
not: the likelihood (weibull_likelihood.py), the search (likelihood_search.py), or reading tables from
anywhere.

A sample that cannot be fitted does not stop the others: its row is NaN and `doubt` says why.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtri

from pipelines.reliability.doubts import Doubt, ObservationError
from pipelines.reliability.likelihood_search import (
    Maximum,
    covariance,
    maximise,
    profile_limits,
    shape_gradient,
)
from pipelines.reliability.observations import Convention, Floats, checked
from pipelines.reliability.weibull_likelihood import Cells, cells_of, log_of_age, start, totals

LimitMethod = Literal["profile", "wald"]
Integers = NDArray[np.intp]
CELLS_PER_BLOCK = 24_000  # 190 kB per array: a block's temporaries stay in the second-level cache
VAGUEST_LOG_SHAPE_VARIANCE = 16.0  # a shape known to a factor of e^8 is not known


@dataclass(frozen=True)
class WeibullBatch:
    """One row per sample, arrays of shape (samples,); NaN where `doubt` is not Doubt.NONE.

    The quantile is the age by which `quantile_share` of the units fail (B10 at 0.1). Limits are two-sided at
    `confidence`; a limit the data leave open is 0 or infinite. The three covariance columns are those of
    (log scale, log shape).
    """

    shape: Floats
    shape_low: Floats
    shape_high: Floats
    scale: Floats
    scale_low: Floats
    scale_high: Floats
    quantile: Floats
    quantile_low: Floats
    quantile_high: Floats
    log_likelihood: Floats
    events: Floats
    units: Floats
    log_scale_variance: Floats
    log_covariance: Floats
    log_shape_variance: Floats
    doubt: NDArray[np.int8]
    confidence: float
    quantile_share: float

    @property
    def log_covariances(self) -> Floats:
        """Covariance of (log scale, log shape), shape (samples, 2, 2): what a forecast takes."""
        off = self.log_covariance
        rows = (self.log_scale_variance, off), (off, self.log_shape_variance)
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def fit_weibull_life_tables(
    events: ArrayLike,
    censored: ArrayLike,
    age_ends: ArrayLike | None = None,
    *,
    convention: Convention = "interval",
    exact_censoring: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> WeibullBatch:
    """Weibull fit of every row of a stack of life tables, interval-censored unless told otherwise.

    l = sum_j events_j log(S(a_{j-1}) - S(a_j)) + sum_j censored_j log S(a_j)
    with S(a) = exp(-(a/scale)^shape) and a_0 = 0.

    events, censored: (samples, ages) counts; column j: failures in (a_{j-1}, a_j], units last seen at a_j.
    age_ends: (ages,) the a_j, by default 1, 2, 3, … (months); scale and quantile come in the same unit.
    convention: "interval" places failures within their column, "exact" at its end, as textbook charts do.
    exact_censoring: (sample, age, units), three arrays of shape (rows,), for units that left at other ages.
    limits: "profile" (likelihood ratio; covers down to a handful of failures) or "wald" (normal, log).

    A sample that cannot be fitted is NaN with its `doubt`. ObservationError for arrays that do not agree.

    Meeker & Escobar 1998, Statistical Methods for Reliability Data, sections 7.3 and 8.2-8.3.
    """
    failed, left = np.atleast_2d(np.asarray(events, float)), np.atleast_2d(np.asarray(censored, float))
    if failed.shape != left.shape:
        raise ObservationError(
            f"events has shape {failed.shape} and censored {left.shape}: they must be equal."
        )
    ends = np.arange(1.0, failed.shape[1] + 1) if age_ends is None else np.asarray(age_ends, float)
    if ends.shape != failed.shape[1:] or np.any(np.diff(ends, prepend=0.0) <= 0):
        raise ObservationError(
            f"age_ends has shape {ends.shape} for {failed.shape[1]} columns, or does not rise from above 0. "
            "Give the end of each column's age interval, in rising order."
        )
    for name, counts in (("events", failed), ("censored", left)):
        bad = ~np.isfinite(counts) | (counts < 0)
        if bad.any():
            row, column = (int(i[0]) for i in np.nonzero(bad))
            raise ObservationError(
                f"{name}[{row}, {column}] is {counts[row, column]:g}: counts are 0 or more."
            )
    samples = len(failed)
    nothing = np.zeros(samples)
    hazard_weight = left.T.copy()
    total, units = failed.sum(axis=1), failed.sum(axis=1) + left.sum(axis=1)
    if convention == "interval":  # such an event weighs on H at its start: column j's events on age j-1
        hazard_weight[:-1] += failed.T[1:]
        interval_events, points, exact_events = (
            np.ascontiguousarray(failed.T),
            log_of_age(ends - np.diff(ends, prepend=0.0) / 2),
            nothing,
        )
    else:
        hazard_weight += failed.T
        interval_events, points, exact_events = np.empty((0, samples)), np.log(ends), total
    log_age = np.log(ends)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        pivot = np.where(total > 0, failed @ points / total, 0.0)
    exact_log_age = exact_events * pivot
    if exact_censoring is not None:
        sample = np.asarray(exact_censoring[0], np.intp)
        _, age, _, weight = checked(exact_censoring[1], np.inf, 0.0, exact_censoring[2])
        more = cells_of(sample, samples, np.zeros_like(age), age, np.full_like(age, np.inf), weight)
        log_age = np.vstack([np.broadcast_to(log_age, left.T.shape), more.log_age])
        hazard_weight = np.vstack([hazard_weight, more.hazard_weight])
        units = units + totals(sample, weight, samples)
    cells = Cells(log_age, hazard_weight, interval_events, exact_events, exact_log_age, pivot)
    return fit_cells(cells, total, units, confidence, quantile_share, limits)


def fit_weibull_groups(
    sample: ArrayLike,
    left: ArrayLike,
    right: ArrayLike,
    entry: ArrayLike = 0.0,
    weight: ArrayLike = 1.0,
    *,
    samples: int | None = None,
    confidence: float = 0.95,
    quantile_share: float = 0.1,
    limits: LimitMethod = "profile",
) -> WeibullBatch:
    """Weibull fit of every group of rows in the general form (observations.py); `sample` numbers them from 0.

    l = sum_i weight_i log L_i, each L_i exact, censored, interval or truncated as its row says. Arrays of
    shape (rows,) in any order. Samples are packed by size, so that one with 700 distinct ages does not
    widen the rest.
    """
    e, lo, hi, w = checked(left, right, entry, weight)
    refuse_failures_at_age_zero(lo, hi, w)
    group = np.broadcast_to(np.asarray(sample, np.intp), e.shape)
    count = int(samples if samples is not None else group.max(initial=-1) + 1)
    sizes = np.bincount(group, minlength=count)
    by_size = np.argsort(sizes, kind="stable")
    rank = np.empty(count, np.intp)
    rank[by_size] = np.arange(count)
    order = np.argsort(rank[group], kind="stable")
    e, lo, hi, w, placed = e[order], lo[order], hi[order], w[order], rank[group][order]
    is_failure = np.isfinite(hi)
    events = totals(placed[is_failure], w[is_failure], count)
    units = totals(placed, w, count)
    parts, first = [], 0
    while first < count:
        last = _block_end(sizes[by_size], first)
        rows = slice(*np.searchsorted(placed, [first, last]))
        cells = cells_of(placed[rows] - first, last - first, e[rows], lo[rows], hi[rows], w[rows])
        span = slice(first, last)
        parts.append(fit_cells(cells, events[span], units[span], confidence, quantile_share, limits))
        first = last
    return _taken(_joined(parts), rank)


def refuse_failures_at_age_zero(left: Floats, right: Floats, weight: Floats) -> None:
    """Raise ObservationError for exact failures at age 0, where a lifetime density is 0 or infinite."""
    at_zero = (right == 0) & (weight > 0)
    if at_zero.any():
        raise ObservationError(
            f"{weight[at_zero].sum():g} unit(s) failed at exactly age 0, where a density is 0 or infinite. "
            "Give them as an interval, (0, one day]; or count failures on arrival as a cause of their own."
        )


def fit_cells(
    cells: Cells,
    events: Floats,
    units: Floats,
    confidence: float,
    quantile_share: float,
    limits: LimitMethod,
) -> WeibullBatch:
    """Fit every column of some cells in cache-sized blocks; same numbers whatever the blocks."""
    if not 0 < confidence < 1 or not 0 < quantile_share < 1:
        raise ObservationError(
            f"confidence {confidence} and quantile_share {quantile_share} must lie between 0 and 1."
        )
    height, fits = cells.hazard_weight.shape
    width = max(64, CELLS_PER_BLOCK // height)
    spans = [np.arange(first, min(first + width, fits)) for first in range(0, fits, width)]

    parts = [
        _fit_block(cells.taken(rows), events[rows], units[rows], confidence, quantile_share, limits)
        for rows in spans
    ]
    return _joined(parts)


def _fit_block(
    cells: Cells, events: Floats, units: Floats, confidence: float, quantile_share: float, limits: LimitMethod
) -> WeibullBatch:
    doubt = np.where(events <= 0, Doubt.NO_FAILURES, np.where(events <= 1, Doubt.ONE_FAILURE, Doubt.NONE))
    doubt = doubt.astype(np.int8)
    usable = np.flatnonzero(doubt == Doubt.NONE)
    columns = {f.name: np.full(len(events), np.nan) for f in fields(WeibullBatch)[:15]}
    columns["events"], columns["units"] = events, units
    if len(usable):
        cells = cells.taken(usable)
        fit = maximise(cells.restrict, *start(cells))
        doubt[usable] = _doubts(fit)
        estimates = _estimates(cells, fit, confidence, quantile_share, limits)
        # Events in the first interval alone send the shape toward 0 and the scale beyond any number.
        is_endless = (doubt[usable] == Doubt.NONE) & ~np.isfinite(estimates["scale"])
        doubt[usable[is_endless]] = Doubt.FLAT_LIKELIHOOD
        good = doubt[usable] == Doubt.NONE
        for name, column in estimates.items():
            columns[name][usable] = np.where(good, column, np.nan)
    return WeibullBatch(**columns, doubt=doubt, confidence=confidence, quantile_share=quantile_share)


def _doubts(fit: Maximum) -> NDArray[np.int8]:
    _, _, log_shape_variance = covariance(fit.at)
    vague = ~(log_shape_variance <= VAGUEST_LOG_SHAPE_VARIANCE)
    crawling = np.abs(fit.at.c) + np.abs(fit.at.k) < 1e-6 * (1 + np.abs(fit.at.value))
    running = np.abs(fit.log_shape) > np.where(fit.is_settled, 5.0, 3.0)
    flat = fit.is_at_bound | running | np.where(fit.is_settled, vague, crawling)
    return np.where(
        flat, Doubt.FLAT_LIKELIHOOD, np.where(fit.is_settled, Doubt.NONE, Doubt.NO_CONVERGENCE)
    ).astype(np.int8)


def _estimates(
    cells: Cells, fit: Maximum, confidence: float, quantile_share: float, limits: LimitMethod
) -> dict[str, Floats]:
    """Estimates and limits of shape, scale and quantile, with the covariance of (log scale, log shape)."""
    out: dict[str, Floats] = {"log_likelihood": fit.at.value}
    var_c, cov, var_k = covariance(fit.at)
    targets = {"shape": None, "scale": 0.0, "quantile": float(np.log(-np.log1p(-quantile_share)))}
    with np.errstate(invalid="ignore", over="ignore"):
        for name, target in targets.items():
            value, by_c, by_k = shape_gradient(fit, target)
            offset = cells.pivot if target is not None else 0.0
            variance = by_c**2 * var_c + 2 * by_c * by_k * cov + by_k**2 * var_k
            if limits == "wald":
                half = ndtri(0.5 + confidence / 2) * np.sqrt(variance)
                low, high = value - half, value + half
            else:
                low, high = profile_limits(cells.restrict, fit, target, float(chdtri(1, 1 - confidence)) / 2)
            out[name], out[f"{name}_low"], out[f"{name}_high"] = (
                np.exp(v + offset) for v in (value, low, high)
            )
            if name == "shape":
                out["log_shape_variance"] = variance
            elif name == "scale":
                out["log_scale_variance"] = variance
                out["log_covariance"] = by_c * cov + by_k * var_k
    return out


def _block_end(sizes: Integers, first: int) -> int:
    """Samples sorted by size: where to end a block so that padding at most doubles the work."""
    limit = max(2 * int(sizes[first]), 16)
    return int(np.searchsorted(sizes, limit, side="right"))


def _joined(parts: list[WeibullBatch]) -> WeibullBatch:
    arrays = [f.name for f in fields(WeibullBatch)[:16]]
    return WeibullBatch(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays},
        confidence=parts[0].confidence,
        quantile_share=parts[0].quantile_share,
    )


def _taken(batch: WeibullBatch, rows: Integers) -> WeibullBatch:
    arrays = [f.name for f in fields(WeibullBatch)[:16]]
    return WeibullBatch(
        **{name: getattr(batch, name)[rows] for name in arrays},
        confidence=batch.confidence,
        quantile_share=batch.quantile_share,
    )
