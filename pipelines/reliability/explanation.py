"""What an alert means beside others, and what cannot be seen yet.

Belongs here: which alerts are one cause (the node that explains the others), and the power of a watch at
today's exposure. Does not: the evidence itself (emergence.py).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaincinv, logsumexp

from pipelines.reliability.doubts import ObservationError
from pipelines.reliability.emergence import RATIO_WEIGHTS, RATIOS, Counts, Integers
from pipelines.reliability.observations import Floats, totals

LOG_RATIOS, LOG_WEIGHTS = np.log(RATIOS), np.log(RATIO_WEIGHTS)
MOST_CLAIMS = 100_000


def explained_by(
    counts: Counts,
    alert_node: ArrayLike,
    alert_fault: ArrayLike,
    log_limit: ArrayLike,
    offset: ArrayLike,
    *,
    size: ArrayLike,
) -> Integers:
    """For each alert the alert that explains it, or its own number where it stands for itself.

    Greedily: the alert with the largest evidence over all time stands (of near equals, within a factor of e,
    that with fewer units: the deepest); its cells' claims and units are taken out of everything; alerts that
    no longer reach their limit refer to it; the rest goes on. alert_node, alert_fault, log_limit, offset
    (theta0 rho), size (units): (alerts,).

    The idea of conditioning on the most likely cluster: Kulldorff 1997; Zhang, Assuncao & Kulldorff 2010 (J.
    Prob. Stat. 642379), sequential scan adjusted for earlier clusters.
    """
    node, fault = np.asarray(alert_node, np.intp), np.asarray(alert_fault, np.intp)
    limit, rho = np.asarray(log_limit, float), np.asarray(offset, float)
    units = np.asarray(size, float)
    out = np.full(len(node), -1, np.intp)
    order = np.argsort(counts.pair_node, kind="stable")
    sorted_node, sorted_cell = counts.pair_node[order], counts.pair_cell[order]
    cells = [
        sorted_cell[np.searchsorted(sorted_node, n, "left") : np.searchsorted(sorted_node, n, "right")]
        for n in node
    ]
    removed = np.zeros(len(counts.stratum), bool)
    claims = _claims_by_fault(counts, fault)
    while (out < 0).any():
        open_alerts = np.flatnonzero(out < 0)
        shown = np.array([_total(counts, claims[fault[a]], cells[a], removed, rho[a]) for a in open_alerts])
        near = open_alerts[shown >= shown.max() - 1.0]
        first = int(near[np.argmin(units[near])])
        out[first] = first
        before = removed.copy()
        removed[cells[first]] = True
        for a in open_alerts:
            if a == first:
                continue
            touches = (~before[cells[a]] & removed[cells[a]]).any()
            if touches and _total(counts, claims[fault[a]], cells[a], removed, rho[a]) < limit[a]:
                out[a] = first
    return out


def _claims_by_fault(counts: Counts, fault: Integers) -> dict[int, Floats]:
    """Claims of each cell over all periods, for each fault asked for."""
    return {
        int(f): totals(
            counts.event_cell[counts.event_fault == f],
            counts.event_count[counts.event_fault == f],
            len(counts.stratum),
        )
        for f in np.unique(fault)
    }


def _total(
    counts: Counts, claims: Floats, cells: Integers, removed: NDArray[np.bool_], offset: float
) -> float:
    """Log of the mixture over all time of the cells that are left, among the units that are left."""
    mine = cells[~removed[cells]]
    if len(mine) == 0:
        return -np.inf
    strata, where = np.unique(counts.stratum[mine], return_inverse=True)
    own, units = totals(where, claims[mine], len(strata)), totals(where, counts.units[mine], len(strata))
    keep = ~removed
    width = len(counts.stratum_period)
    whole = totals(counts.stratum[keep], counts.units[keep], width)[strata]
    number = totals(counts.stratum[keep], claims[keep], width)[strata]
    p = offset * units / whole
    told = p < 1
    step = own[told].sum() * LOG_RATIOS - (
        number[told, None] * np.log1p(p[told, None] * (np.exp(LOG_RATIOS) - 1))
    ).sum(axis=0)
    return float(logsumexp(LOG_WEIGHTS + step))


def claims_needed(expected: ArrayLike, log_limit: ArrayLike) -> Floats:
    """How many claims make the evidence reach its limit where `expected` (offset included) are its share.

    The Poisson form of the evidence since birth, sum_r w_r r^x exp(-(r - 1) e)/2, right where a node is a
    small part of its comparison set. Broadcasting; inf beyond 100,000 claims.
    """
    e, limit = np.broadcast_arrays(np.asarray(expected, float), np.asarray(log_limit, float))
    if np.any(~(e >= 0)):
        raise ObservationError("Expected claims are 0 or more.")

    drift = LOG_WEIGHTS - e[..., None] * (np.exp(LOG_RATIOS) - 1) - np.log(2.0)

    def reached(x: Floats) -> NDArray[np.bool_]:
        terms = drift + x[..., None] * LOG_RATIOS
        top = terms.max(axis=-1)
        return top + np.log(np.exp(terms - top[..., None]).sum(axis=-1)) >= limit

    low, high = np.zeros(e.shape), np.full(e.shape, float(MOST_CLAIMS))
    possible = reached(high)
    for _ in range(18):
        middle = np.floor((low + high) / 2)
        enough = reached(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(reached(np.zeros(e.shape)), 0.0, np.where(possible, high, np.inf))


Needed = Callable[[Floats, Floats], Floats]


def power(
    expected: ArrayLike,
    log_limit: ArrayLike,
    ratio: ArrayLike,
    offset: ArrayLike = 1.0,
    *,
    needed: Needed = claims_needed,
) -> Floats:
    """P(the claims needed have come) when a node claims `ratio` times its share: what a watch can see by now.

    expected: the node's share of its strata's claims without offset. From the total alone, so a little below
    the true power of looking every period. needed: the claims that make an alert, from expected x offset and
    log_limit. Broadcasting.
    """
    e, times, rho, limit = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (expected, ratio, offset, log_limit))
    )
    count, mean = needed(e * rho, limit), e * times
    finite = np.isfinite(count)
    chance = gammainc(np.where(finite, np.maximum(count, 1e-9), 1.0), np.maximum(mean, 1e-300))
    return np.where(finite, np.where(count == 0, 1.0, chance), 0.0)


def visible_ratio(
    expected: ArrayLike,
    log_limit: ArrayLike,
    offset: ArrayLike = 1.0,
    chance: float = 0.8,
    *,
    needed: Needed = claims_needed,
) -> Floats:
    """The smallest ratio that would have been seen by now with this probability; inf where none would.

    P(Poisson(ratio e) >= needed) is a Gamma's distribution function in ratio e: its quantile over e.
    """
    e, rho, limit = np.broadcast_arrays(*(np.asarray(v, float) for v in (expected, offset, log_limit)))
    count = needed(e * rho, limit)
    possible = np.isfinite(count) & (e > 0)
    quantile = gammaincinv(np.where(possible, np.maximum(count, 1e-9), 1.0), chance)
    return np.where(possible, quantile / np.where(possible, e, 1.0), np.inf)
