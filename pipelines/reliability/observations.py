"""The one form in which every lifetime enters: (entry, left, right, weight).

Belongs here: that form, its checks, and constructors for the ways in which lifetimes are known.
Does not: estimates. Ages are in any one unit, measured from entry into service.

| Known                              | left | right |
|------------------------------------|------|-------|
| failed at exactly t                | t    | t     |
| still good at t (right-censored)   | t    | inf   |
| failed at or before t (left)       | 0    | t     |
| failed in (s, t] (interval)        | s    | t     |

`entry` is the age from which the unit was watched (0: from the start): each unit counts conditionally on
having survived to it (left truncation). `weight` counts equal units. Rows are merged when equal and sorted,
so that no estimate depends on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.reliability.doubts import ObservationError

Floats = NDArray[np.float64]
Convention = Literal["interval", "exact"]


@dataclass(frozen=True)
class Observations:
    """Lifetimes, one row per distinct (entry, left, right); four arrays of shape (rows,)."""

    entry: Floats
    left: Floats
    right: Floats
    weight: Floats

    @property
    def is_failure(self) -> NDArray[np.bool_]:
        """True where the unit is known to have failed (exactly, within an interval, or before an age)."""
        return np.isfinite(self.right)

    @property
    def events(self) -> float:
        """Units known to have failed."""
        return float(self.weight[self.is_failure].sum())

    @property
    def units(self) -> float:
        """All units."""
        return float(self.weight.sum())


def totals(group: NDArray[np.intp], weight: Floats, groups: int) -> Floats:
    """Sum of the weights of each group 0 … groups-1; 0.0 for a group without rows."""
    return np.bincount(group, weight, groups).astype(float)


def _refuse(bad: NDArray[np.bool_], what: str, remedy: str, **columns: Floats) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        values = ", ".join(f"{name}={column[first]:g}" for name, column in columns.items())
        raise ObservationError(
            f"{int(bad.sum())} row(s) {what}, the first being row {first} ({values}). {remedy}"
        )


def checked(
    left: ArrayLike, right: ArrayLike, entry: ArrayLike = 0.0, weight: ArrayLike = 1.0
) -> tuple[Floats, Floats, Floats, Floats]:
    """(entry, left, right, weight) as equal-length float arrays, refused where they are not lifetimes."""
    try:
        wide = np.broadcast_arrays(
            *(np.atleast_1d(np.asarray(a, float)) for a in (entry, left, right, weight))
        )
    except ValueError as mismatch:
        raise ObservationError(f"entry, left, right and weight differ in length: {mismatch}.") from None
    e, lo, hi, w = (np.array(a, float) for a in wide)
    nan = np.isnan(e) | np.isnan(lo) | np.isnan(hi) | np.isnan(w)
    _refuse(
        nan,
        "hold a missing value",
        "Leave such units out, and count them.",
        entry=e,
        left=lo,
        right=hi,
        weight=w,
    )
    _refuse(
        (lo < 0) | (e < 0), "have an age below zero", "Check the dates of service entry.", entry=e, left=lo
    )
    _refuse(
        np.isinf(lo) | np.isinf(e),
        "start at an infinite age",
        "Censor at the last age seen.",
        entry=e,
        left=lo,
    )
    _refuse(hi < lo, "end before they start", "Swap or correct left and right.", left=lo, right=hi)
    _refuse(lo < e, "are known before they were watched", "entry must not exceed left.", entry=e, left=lo)
    _refuse(
        ~np.isfinite(w) | (w < 0),
        "have no usable weight",
        "Weights are counts of units, 0 or more.",
        weight=w,
    )
    return e, lo, hi, w


def observed(
    left: ArrayLike, right: ArrayLike, entry: ArrayLike = 0.0, weight: ArrayLike = 1.0
) -> Observations:
    """The general form, from arrays of shape (rows,) or scalars. ObservationError names the first bad row."""
    e, lo, hi, w = checked(left, right, entry, weight)
    keep = w > 0
    e, lo, hi, w = e[keep], lo[keep], hi[keep], w[keep]
    order = np.lexsort((w, hi, lo, e))
    e, lo, hi, w = e[order], lo[order], hi[order], w[order]
    if len(w) == 0:
        return Observations(e, lo, hi, w)
    is_new = np.ones(len(w), bool)
    is_new[1:] = (np.diff(e) != 0) | (np.diff(lo) != 0) | (hi[1:] != hi[:-1])
    starts = np.flatnonzero(is_new)
    return Observations(e[starts], lo[starts], hi[starts], np.add.reduceat(w, starts))


def exact(ages: ArrayLike, weight: ArrayLike = 1.0, entry: ArrayLike = 0.0) -> Observations:
    """Failures at known ages."""
    return observed(ages, ages, entry, weight)


def right_censored(ages: ArrayLike, weight: ArrayLike = 1.0, entry: ArrayLike = 0.0) -> Observations:
    """Units still good when last seen at these ages."""
    return observed(ages, np.inf, entry, weight)


def interval_censored(
    left: ArrayLike, right: ArrayLike, weight: ArrayLike = 1.0, entry: ArrayLike = 0.0
) -> Observations:
    """Failures known to lie in (left, right]."""
    return observed(left, right, entry, weight)


def failures_and_censored(
    ages: ArrayLike, is_failure: ArrayLike, weight: ArrayLike = 1.0, entry: ArrayLike = 0.0
) -> Observations:
    """Exact failures where `is_failure`, right-censored units elsewhere: the usual (time, status) pair."""
    left = np.asarray(ages, float)
    return observed(left, np.where(np.asarray(is_failure, bool), left, np.inf), entry, weight)


def current_status(ages: ArrayLike, is_failed: ArrayLike, weight: ArrayLike = 1.0) -> Observations:
    """Units looked at once: failed at or before this age (left-censored), or still good at it.

    The usual state of returns without a failure date, or of stock inspected on one day.
    """
    age = np.asarray(ages, float)
    failed = np.asarray(is_failed, bool)
    return observed(np.where(failed, 0.0, age), np.where(failed, age, np.inf), 0.0, weight)


def combined(*parts: Observations) -> Observations:
    """All rows of several sets as one."""
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("left", "right", "entry", "weight")
    ]
    return observed(*columns)


def nevada_chart(
    shipments: ArrayLike, returns: Sequence[ArrayLike], convention: Convention = "interval"
) -> Observations:
    """A Nevada chart: cohort i ships `shipments[i]` units, `returns[i][j]` come back in age period j+1.

    Each row is as long as the cohort has been observed; units not returned are censored at that age.
    `interval` places a return in (j, j+1], `exact` at j+1: the convention of the textbook chart, which
    changes its forecast 2.7 times (ReliaWiki, Warranty Data Analysis).
    """
    left: list[float] = []
    right: list[float] = []
    weight: list[float] = []
    for cohort, (shipped, row) in enumerate(zip(np.asarray(shipments, float), returns, strict=True)):
        counts = np.atleast_1d(np.asarray(row, float))
        if counts.sum() > shipped:
            raise ObservationError(
                f"Cohort {cohort} returns {counts.sum():g} of {shipped:g} shipped units. "
                "Count first failures only, or correct the shipments."
            )
        ends = np.arange(1.0, len(counts) + 1)
        left += [*(ends - 1 if convention == "interval" else ends), len(counts)]
        right += [*ends, np.inf]
        weight += [*counts, shipped - counts.sum()]
    return observed(left, right, 0.0, weight)


def grouped(
    edges: ArrayLike, events: ArrayLike, censored: ArrayLike, convention: Convention = "interval"
) -> Observations:
    """A life table: `events[j]` failed in (edges[j], edges[j+1]], `censored[j]` were last seen at edges[j+1].

    edges has one element more than the two counts. For ages at which units left, pass them as
    right_censored rows and combine.
    """
    bounds = np.asarray(edges, float)
    ends = bounds[1:]
    starts = bounds[:-1] if convention == "interval" else ends
    failed = observed(starts, ends, 0.0, events)
    return combined(failed, right_censored(ends, censored))
