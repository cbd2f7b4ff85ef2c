"""The Weibull log-likelihood of many samples at once, on their distinct ages.

Belongs here: the cells that carry a sample to the likelihood, and its value, gradient and Hessian.
Does not: searching for the maximum (likelihood_search.py) or stating results (weibull.py, batch.py).

With H(t) = exp(shape (log t - pivot) + level), each observation adds, weight apart,

    exact t        log h(t) - H(t)
    censored t     -H(t)
    (s, t]         -H(s) + log(1 - exp(-(H(t) - H(s))))
    entry e        +H(e)

so a sample is: sums over its exact failures, a weight on H at each distinct age, and a count for each
interval. Cost grows with distinct ages, not with units; hazards of 1e-300 lose no digit since only H and
its differences appear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.reliability.likelihood_search import Derivatives, Likelihood, Rows
from pipelines.reliability.observations import Floats, totals

LOG_OF_AGE_ZERO = -1e30  # any shape makes H(0) = 0 of it, without the NaN of 0 times infinity


@dataclass(frozen=True)
class Cells:
    """Samples of a batch, ages down, fits across.

    log_age: (ages, fits), or (ages, 1) where all fits share their ages; `hazard_weight` (ages, fits)
    multiplies -H at that age; `interval_events` (leading ages, fits) are failures between the row above (age
    0 for the first) and this row, none in the rows beyond. exact_events and exact_log_age (fits,) are the
    number of exact failures and the sum of their log ages. pivot (fits,): the log age about which the shape
    turns.
    """

    log_age: Floats
    hazard_weight: Floats
    interval_events: Floats
    exact_events: Floats
    exact_log_age: Floats
    pivot: Floats

    def restrict(self, rows: Rows) -> Likelihood:
        """The log-likelihood of some of the fits."""
        return Likely(self.taken(rows))

    def taken(self, rows: Rows) -> Cells:
        """The cells of some of the fits, in ascending rows."""
        if len(rows) == len(self.pivot):
            return self
        shared = self.log_age.shape[1] == 1
        return Cells(
            self.log_age if shared else self.log_age[:, rows],
            self.hazard_weight[:, rows],
            self.interval_events[:, rows],
            self.exact_events[rows],
            self.exact_log_age[rows],
            self.pivot[rows],
        )


@dataclass(frozen=True)
class Likely:
    """(level, log_shape) -> Derivatives for all fits of some cells."""

    cells: Cells

    def __call__(self, level: Floats, log_shape: Floats) -> Derivatives:
        x = self.cells
        shape = np.exp(log_shape)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            z = x.log_age * shape
            z += level - shape * x.pivot
            hazard = np.exp(z)  # H
            z -= level  # u = dz / dlog_shape
            first = hazard * z  # dH / dk
            second = first * z  # d2H / dk2 - dH / dk
            value = -np.einsum("ij,ij->j", x.hazard_weight, hazard)
            by_c = value.copy()
            by_k = -np.einsum("ij,ij->j", x.hazard_weight, first)
            by_cc = value.copy()
            by_ck = by_k.copy()
            by_kk = by_k - np.einsum("ij,ij->j", x.hazard_weight, second)
            events = x.interval_events
            rows = len(events)
            if rows:
                width, width_k, width_q = (_differences(v[:rows]) for v in (hazard, first, second))
                np.clip(width, 1e-150, 500.0, out=width)
                growth = np.expm1(width)
                value += np.einsum("ij,ij->j", events, np.log(growth) - width)
                slope = np.divide(events, growth, out=z[:rows])  # events g', g = log(1 - exp(-D))
                by_c += np.einsum("ij,ij->j", slope, width)
                by_k += np.einsum("ij,ij->j", slope, width_k)
                by_kk += np.einsum("ij,ij->j", slope, width_k) + np.einsum("ij,ij->j", slope, width_q)
                by_cc += np.einsum("ij,ij->j", slope, width)
                by_ck += np.einsum("ij,ij->j", slope, width_k)
                slope += slope / growth  # -events g''
                width_k_slope = np.multiply(slope, width_k, out=growth)
                by_kk -= np.einsum("ij,ij->j", width_k_slope, width_k)
                by_ck -= np.einsum("ij,ij->j", width_k_slope, width)
                by_cc -= np.einsum("ij,ij,ij->j", slope, width, width)
            reach = shape * (x.exact_log_age - x.exact_events * x.pivot)
            value += x.exact_events * (log_shape + level) + reach - x.exact_log_age
            by_c += x.exact_events
            by_k += x.exact_events + reach
            by_kk += reach
        return Derivatives(value, by_c, by_k, by_cc, by_ck, by_kk)


def _differences(values: Floats) -> Floats:
    """values[j] - values[j-1], with 0 above the first row."""
    out = np.empty_like(values)
    out[0] = values[0]
    np.subtract(values[1:], values[:-1], out=out[1:])
    return out


def start(cells: Cells) -> tuple[Floats, Floats]:
    """Starting (level, log_shape): shape 1, and the level at which expected failures equal those observed."""
    with np.errstate(under="ignore", over="ignore"):
        ahead = np.exp(cells.log_age - cells.pivot)
        exposure = np.einsum("ij,ij->j", cells.hazard_weight, ahead)
        if rows := len(cells.interval_events):
            widths = np.abs(_differences(ahead[:rows]))
            exposure += 0.5 * (cells.interval_events * widths).sum(axis=0)
    events = cells.exact_events + cells.interval_events.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(events / exposure)
    return np.where(np.isfinite(level), level, 0.0), np.zeros(len(events))


def cells_of(
    group: NDArray[np.intp],
    groups: int,
    entry: Floats,
    left: Floats,
    right: Floats,
    weight: Floats,
) -> Cells:
    """Cells of observations in long form; `group` (rows,) in 0 … groups-1, rows in any order."""
    is_exact = left == right
    is_interval = np.isfinite(right) & ~is_exact
    log_left = log_of_age(left)
    exact_events = totals(group[is_exact], weight[is_exact], groups)
    exact_log_age = totals(group[is_exact], (weight * log_left)[is_exact], groups)

    # Intervals first: one row each at its right end, and one for its left end unless the row above is that.
    order = np.flatnonzero(is_interval)
    order = order[np.lexsort((right[order], left[order], group[order]))]
    g, lo, hi, w = group[order], left[order], right[order], weight[order]
    is_first = np.ones(len(g), bool)
    is_first[1:] = g[1:] != g[:-1]
    above = np.where(is_first, 0.0, np.concatenate([[0.0], hi[:-1]]) if len(hi) else hi)
    needs_left = above != lo
    rows_per = 1 + needs_left
    ends = np.cumsum(rows_per) - 1
    total = int(rows_per.sum())
    slot_group = np.repeat(g, rows_per)
    slot_age, slot_events = np.zeros(total), np.zeros(total)
    slot_age[ends], slot_events[ends] = hi, w
    slot_age[ends[needs_left] - 1] = lo[needs_left]

    # Then every age at which H itself carries weight: failures and censorings add, entries take away.
    has_entry, has_left = entry > 0, left > 0
    age = np.concatenate([left[has_left], entry[has_entry]])
    owner = np.concatenate([group[has_left], group[has_entry]])
    mass = np.concatenate([weight[has_left], -weight[has_entry]])
    order = np.lexsort((mass, age, owner))
    age, owner, mass = age[order], owner[order], mass[order]
    if len(age):
        is_new = np.ones(len(age), bool)
        is_new[1:] = (age[1:] != age[:-1]) | (owner[1:] != owner[:-1])
        starts = np.flatnonzero(is_new)
        age, owner, mass = age[starts], owner[starts], np.add.reduceat(mass, starts)

    slots = np.bincount(slot_group, minlength=groups)
    height = max(int((slots + np.bincount(owner, minlength=groups)).max(initial=0)), 1)
    log_age = np.full((height, groups), LOG_OF_AGE_ZERO)
    hazard_weight = np.zeros((height, groups))
    interval_events = np.zeros((int(slots.max(initial=0)), groups))
    slot_row = _position_within(slot_group, groups)
    log_age[slot_row, slot_group] = log_of_age(slot_age)
    interval_events[slot_row, slot_group] = slot_events
    own_row = slots[owner] + _position_within(owner, groups)
    log_age[own_row, owner] = log_of_age(age)
    hazard_weight[own_row, owner] = mass
    middle = np.where(is_exact, log_left, log_of_age((left + np.where(np.isfinite(right), right, left)) / 2))
    failed = is_exact | is_interval
    failures = totals(group[failed], weight[failed], groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        pivot = totals(group[failed], (weight * middle)[failed], groups) / failures
    pivot = np.where(failures > 0, pivot, 0.0)
    return Cells(log_age, hazard_weight, interval_events, exact_events, exact_log_age, pivot)


def log_of_age(age: Floats) -> Floats:
    """log(age), with a finite stand-in at age 0."""
    with np.errstate(divide="ignore"):
        return np.where(age > 0, np.log(age), LOG_OF_AGE_ZERO)


def _position_within(owner: NDArray[np.intp], groups: int) -> NDArray[np.intp]:
    """Ordinal of each row within its owner; `owner` is sorted."""
    counts = np.bincount(owner, minlength=groups)
    return np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
