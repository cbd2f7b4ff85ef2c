"""Emerging defects: evidence that a node's units claim more than their peers, valid at every look.

Belongs here: the evidence of many nodes over time from counts at risk and claims, against limits that keep
a declared number of false alerts (alert_budget.py), and which nodes explain the others. Does not: what a
node is called, which claims count, or what is done about an alert.

A *cell* is a group of alike units in one period (one product's lot, age band, calendar period). A *stratum*
is a comparison set: the cells whose units are alike in all but what nodes differ by (one family, age band
and period). A *node* is a set of cells. Season, demand, ageing and reporting delay act on a whole stratum:
given that a claim came from it, only where it fell is news. Under "no more than its peers" it falls into the
node with probability q = units of the node / units of the stratum; N claims give x of them with

    L(r) = r^x / (1 + p (r - 1))^N,    p = theta0 rho q,

whose expectation is at most 1 for every odds ratio r >= 1 if the node's rate is at most theta0 rho times its
peers'. A product of such factors is a test martingale, a mixture over r (RATIOS, RATIO_WEIGHTS) too; the
evidence is half the product since the node was born and half a sum of products begun anew each period, so
that an old node's clean past does not hide a new fault. Ville's inequality: P(evidence ever >= 1/alpha) <=
alpha. rho is what the node's reference (its product's other lots, or its own past) has claimed beyond its
share so far, drawn toward 1 by the ordinary spread, at an upper posterior quantile: estimated, so that the
guarantee is then what simulation shows (`python -m benchmarks.signals`); with spread 0 and theta0 1 it is
exact.

Wald 1945 (Ann. Math. Stat. 16:117); Robbins 1970 (Ann. Math. Stat. 41:1397), mixtures; Shin, Ramdas &
Rinaldo 2024 (NEJSDS 2:229), e-detectors; Ramdas, Grunwald, Vovk & Shafer 2023 (Stat. Sci. 38:576).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.observations import Floats, totals

RATIOS = (1.5, 2.0, 3.0, 5.0, 8.0, 15.0)
RATIO_WEIGHTS = (0.15, 0.25, 0.25, 0.15, 0.1, 0.1)
LARGEST = 1e300  # an e-value beyond it says no more
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Counts:
    """Units at risk and claims, in long form.

    stratum, units: (cells,). pair_node, pair_cell: (pairs,) which cells each node holds. event_cell,
    event_fault, event_period, event_count: (events,) claims of a cell by fault, in the period in which they
    became known. fault 0 is "any fault", counted apart (a unit's first claim of any kind). stratum_period:
    (strata,) the period of the exposure. Numbers run from 0.
    """

    stratum: Integers
    units: Floats
    pair_node: Integers
    pair_cell: Integers
    event_cell: Integers
    event_fault: Integers
    event_period: Integers
    event_count: Floats
    stratum_period: Integers


@dataclass(frozen=True)
class Evidence:
    """What each node × fault has shown; arrays (nodes, faults) or, by period, (periods, nodes, faults).

    log_evidence: log of the mixture at the end of each period. observed: claims of the node; expected: its
    share of its strata's claims; both up to the end of each period. offset: rho at its start. born_period:
    (nodes,) when first watched, -1 for never. has_peers: whether any of its strata holds other units too.
    """

    log_evidence: Floats
    observed: Floats
    expected: Floats
    offset: Floats
    born_period: Integers
    has_peers: NDArray[np.bool_]


def born_periods(counts: Counts, nodes: int, minimum_units: float) -> Integers:
    """First period in which each node has at least minimum_units at risk; -1 where that never comes.

    Known before any claim of that period, so a weight given then is fixed by what was known before.
    """
    period = counts.stratum_period[counts.stratum[counts.pair_cell]]
    periods = int(counts.stratum_period.max(initial=-1)) + 1
    if periods == 0 or nodes == 0:
        return np.full(nodes, -1, np.intp)
    at_risk = totals(counts.pair_node * periods + period, counts.units[counts.pair_cell], nodes * periods)
    enough = at_risk.reshape(nodes, periods) >= minimum_units
    return np.where(enough.any(axis=1), enough.argmax(axis=1), -1)


def evidence_of(
    counts: Counts,
    reference: ArrayLike,
    *,
    nodes: int,
    faults: int,
    periods: int,
    theta0: float = 1.1,
    spread: float = 0.3,
    quantile: float = 0.9,
    own_lag: int = 6,
    minimum_units: float = 10.0,
    life: int = 36,
) -> Evidence:
    """The evidence of every node and fault at the end of every period.

    reference: (nodes,) the node whose other cells set the offset rho; a node that is its own reference is
    offset by its own claims of at least own_lag periods ago. theta0: up to how many times its peers (after
    the offset) is ordinary. spread: standard deviation of the log ratio between references (0: none, and
    rho is 1). quantile: of the posterior Gamma of rho at which it is taken. Raises ObservationError for
    settings without meaning. life: over how many periods of a node's life the weight of the sums begun anew
    is spread.

    rho | past ~ Gamma(a m + x, a + e), a = 1/spread^2, x and e the reference's claims and its share of its
    strata's claims; m is 1 for any fault and that of any fault for one fault.
    """
    if theta0 < 1 or spread < 0 or not 0 < quantile < 1 or own_lag < 1:
        raise ObservationError(
            f"theta0 {theta0:g}, spread {spread:g}, quantile {quantile:g}, own_lag {own_lag}: theta0 is 1 or "
            "more, spread 0 or more, quantile between 0 and 1, own_lag 1 or more."
        )
    other = np.asarray(reference, np.intp)
    share = _Shares.of(counts, nodes, faults)
    born = born_periods(counts, nodes, minimum_units)
    width = nodes * faults
    log_r, weights = np.log(RATIOS)[None, :], np.array(RATIO_WEIGHTS) / 2
    excess = np.array(RATIOS) - 1
    since_birth, begun_anew = np.ones((width, len(RATIOS))), np.zeros((width, len(RATIOS)))
    seen, due = np.zeros((periods + 1, nodes, faults)), np.zeros((periods + 1, nodes, faults))
    log_evidence = np.zeros((periods, nodes, faults))
    offsets = np.ones((periods, nodes, faults))
    is_self = other == np.arange(nodes)
    watched = np.zeros(nodes, bool)
    for period in range(periods):
        watched |= born == period
        offsets[period] = rho = _offset(seen, due, other, is_self, period, spread, quantile, own_lag)
        begun_anew += _new_weight(born, period, faults, life)
        rows = share.rows(period)
        key, q = share.key[rows], share.share[rows]
        count, own = share.total[rows], share.own[rows]
        seen[period + 1] = seen[period] + totals(key, own, width).reshape(nodes, faults)
        due[period + 1] = due[period] + totals(key, count * q, width).reshape(nodes, faults)
        p = theta0 * rho.ravel()[key] * q
        told = watched[key // faults] & (p < 1) & (q < 1)
        if told.any():
            key, p, count, own = key[told], p[told], count[told], own[told]
            touched, where = np.unique(key, return_inverse=True)
            step = totals(where, own, len(touched))[:, None] * log_r
            for j in range(len(RATIOS)):
                step[:, j] -= totals(where, count * np.log1p(p * excess[j]), len(touched))
            # Beyond what a double holds a product stays where it is: far over any limit, or at nothing.
            factor = np.exp(np.clip(step, -700, 700))
            with np.errstate(over="ignore"):
                since_birth[touched] = np.minimum(since_birth[touched] * factor, LARGEST)
                begun_anew[touched] = np.minimum(begun_anew[touched] * factor, LARGEST)
        with np.errstate(divide="ignore"):
            log_evidence[period] = np.log((since_birth + begun_anew) @ weights).reshape(nodes, faults)
    return Evidence(log_evidence, seen[1:], due[1:], offsets, born, share.has_peers)


def _new_weight(born: Integers, period: int, faults: int, life: int) -> Floats:
    """Weight of the product that begins in this period: 1/life while it lasts."""
    age = period - born
    lives = (born >= 0) & (age >= 0) & (age < life)
    return np.repeat(np.where(lives, 1 / life, 0.0), faults)[:, None]


def _offset(
    seen: Floats,
    due: Floats,
    other: Integers,
    is_self: NDArray[np.bool_],
    period: int,
    spread: float,
    quantile: float,
    own_lag: int,
) -> Floats:
    """rho of each node and fault from what was known before the period."""
    nodes, faults = seen.shape[1:]
    if spread == 0:
        return np.ones((nodes, faults))
    past = max(period - own_lag, 0)
    x = np.where(is_self[:, None], seen[past], seen[period][other] - seen[period])
    e = np.where(is_self[:, None], due[past], due[period][other] - due[period])
    x, e = np.maximum(x, 0.0), np.maximum(e, 0.0)
    prior = 1 / spread**2
    mean = np.ones((nodes, faults))
    mean[:, 1:] = (x[:, :1] + prior) / (e[:, :1] + prior)
    shape = x + prior * mean
    # Wilson & Hilferty 1931: the cube root of a Gamma is nearly normal; shapes are 1/spread^2 and above.
    root = 1 - 1 / (9 * shape) + float(ndtri(quantile)) / (3 * np.sqrt(shape))
    return shape * root**3 / (e + prior)


@dataclass(frozen=True)
class _Shares:
    """One row per node × stratum × fault × period with claims in the stratum, sorted by period."""

    key: Integers
    share: Floats
    total: Floats
    own: Floats
    first: Integers
    has_peers: NDArray[np.bool_]

    def rows(self, period: int) -> slice:
        return (
            slice(int(self.first[period]), int(self.first[period + 1]))
            if period + 1 < len(self.first)
            else slice(0, 0)
        )

    @classmethod
    def of(cls, c: Counts, nodes: int, faults: int) -> _Shares:
        strata = len(c.stratum_period)
        whole = totals(c.stratum, c.units, strata)
        # Units of each node in each stratum.
        pair = c.pair_node * strata + c.stratum[c.pair_cell]
        place, where = np.unique(pair, return_inverse=True)
        units = totals(where, c.units[c.pair_cell], len(place))
        node, stratum = place // strata, place % strata
        is_alone = np.ones(nodes, bool)
        is_alone[node[units < whole[stratum]]] = False
        # Claims of each stratum by fault and period of knowledge.
        periods = int(c.event_period.max(initial=-1)) + 1
        event = (c.stratum[c.event_cell] * faults + c.event_fault) * max(periods, 1) + c.event_period
        kind, event_where = np.unique(event, return_inverse=True)
        total = totals(event_where, c.event_count, len(kind))
        kind_stratum = kind // max(periods, 1) // faults
        # Each node × stratum meets each kind of event of its stratum.
        begin = np.searchsorted(kind_stratum, stratum, "left")
        repeats = np.searchsorted(kind_stratum, stratum, "right") - begin
        row = np.repeat(np.arange(len(place)), repeats)
        ahead = np.arange(len(row)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        met = begin[row] + ahead
        fault, period = kind[met] // max(periods, 1) % faults, kind[met] % max(periods, 1)
        # The node's own claims among them.
        own = np.zeros(len(row))
        by_cell = np.argsort(c.event_cell, kind="stable")
        low = np.searchsorted(c.event_cell[by_cell], c.pair_cell, "left")
        high = np.searchsorted(c.event_cell[by_cell], c.pair_cell, "right")
        times = high - low
        holder = np.repeat(np.arange(len(c.pair_cell)), times)
        mine = by_cell[low[holder] + np.arange(len(holder)) - np.repeat(np.cumsum(times) - times, times)]
        if len(mine):
            at = np.searchsorted(kind, event[mine])
            slot = np.cumsum(repeats) - repeats
            own_row = slot[where[holder]] + at - begin[where[holder]]
            own = totals(own_row, c.event_count[mine], len(row))
        # Few periods: sixteen bits are sorted by counting.
        order = np.argsort(period.astype(np.int16 if periods < 2**15 else np.intp), kind="stable")
        key = (node[row] * faults + fault)[order]
        share = (units[row] / whole[stratum[row]])[order]
        first = np.searchsorted(period[order], np.arange(periods + 1))
        return cls(
            key.astype(np.intp), share, total[met][order], own[order], first.astype(np.intp), ~is_alone
        )
