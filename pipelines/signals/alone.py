"""Nodes that have nothing alike to be compared with (a new product, the only lot): Poisson MaxSPRT.

Belongs here: what such a node is expected to claim, from machines elsewhere, and the test against it. It is
the weaker evidence: season and differences between products do not cancel, so that a wide margin
(`ordinary`) stands for both. Does not belong here: nodes that have peers (watching.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.reliability import maxsprt_critical_value, maxsprt_statistic
from pipelines.reliability.observations import totals
from pipelines.signals.settings import Settings
from pipelines.signals.tree import AGE_BANDS, BANDS, Integers, Tree

HORIZON = 100.0  # expected claims over which a node is watched so
MINIMUM_EVENTS = 3  # claims of the node itself before it can be an alert
QUANTILE = 0.9

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """Exposure and first claims of one tree by month since year 0 and age band: (months, bands)."""

    family_code: str | None
    first_month: int
    exposure: Floats
    claims: Floats


def pool_of(tree: Tree) -> Pool:
    """All units of a tree; a claim stands in the month in which it was known."""
    c, shape = tree.counts, (tree.periods, BANDS)
    band = AGE_BANDS[tree.age]
    exposure = totals(tree.cell_period * BANDS + band, c.units, tree.periods * BANDS)
    of_any = c.event_fault == 0
    slot = c.event_period[of_any] * BANDS + band[c.event_cell[of_any]]
    claims = totals(slot, c.event_count[of_any], tree.periods * BANDS)
    return Pool(tree.family_code, tree.first_month, exposure.reshape(shape), claims.reshape(shape))


def rates_elsewhere(own: Pool, pools: list[Pool], minimum_claims: float) -> tuple[Floats, str]:
    """Claims per unit and month by age band before each month of `own`, and whose they are.

    From the family's other machines where they had minimum_claims by then, else from all others; not a
    number where these had too few too. (months, bands).
    """
    others = [pool for pool in pools if pool is not own]
    kin = _before(own, [pool for pool in others if pool.family_code == own.family_code])
    everybody = _before(own, others)
    is_kin = kin[1].sum(axis=1) >= minimum_claims
    exposure, claims = (np.where(is_kin[:, None], a, b) for a, b in zip(kin, everybody, strict=True))
    enough = claims.sum(axis=1) >= minimum_claims
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = claims.sum(axis=1) / exposure.sum(axis=1)
        # An age that few have reached is given the rate of all ages.
        rate = np.where(exposure > 0, claims / exposure, overall[:, None])
    rate[~enough] = np.nan
    return rate, "other machines of the family" if is_kin[-1] else "machines of other families"


def _before(own: Pool, pools: list[Pool]) -> tuple[Floats, Floats]:
    """Exposure and claims of some pools in all months before each month of `own`."""
    out = np.zeros((2, len(own.exposure), BANDS))
    for pool in pools:
        for i, counts in enumerate((pool.exposure, pool.claims)):
            summed = np.concatenate([np.zeros((1, BANDS)), np.cumsum(counts, axis=0)])
            at = np.clip(np.arange(len(own.exposure)) + own.first_month - pool.first_month, 0, len(counts))
            out[i] += summed[at]
    return out[0], out[1]


@dataclass(frozen=True)
class Alone:
    """Nodes without peers by period since each was first watched: arrays (periods, nodes given)."""

    observed: Floats
    expected: Floats
    statistic: Floats


def watch_alone(
    tree: Tree, nodes: Integers, born: Integers, rate: Floats, elapsed: float, settings: Settings
) -> Alone:
    """First claims of any kind against the rates elsewhere; log of the statistic, margin included.

    elapsed: share of the last month that is over.
    """
    c, shape = tree.counts, (tree.periods, len(nodes))
    place = np.full(len(tree.nodes), -1, np.intp)
    place[nodes] = np.arange(len(nodes))
    held = place[c.pair_node] >= 0
    row, cell = place[c.pair_node[held]], c.pair_cell[held]
    period = tree.cell_period[cell]
    watched = period >= born[row]
    row, cell, period = row[watched], cell[watched], period[watched]
    share = np.where(period == tree.periods - 1, elapsed, 1.0)
    due = c.units[cell] * rate[period, AGE_BANDS[tree.age[cell]]] * share
    expected = totals(period * shape[1] + row, np.nan_to_num(due), tree.periods * shape[1]).reshape(shape)
    observed = np.zeros(shape)
    of_any = np.flatnonzero(c.event_fault == 0)
    for one in range(len(nodes)):
        inside = np.zeros(len(c.units), bool)
        inside[cell[row == one]] = True
        mine = of_any[inside[c.event_cell[of_any]]]
        observed[:, one] = np.bincount(c.event_period[mine], c.event_count[mine], tree.periods)
    observed, expected = np.cumsum(observed, axis=0), np.cumsum(expected, axis=0)
    margin = expected * ordinary(settings)
    statistic = np.where(
        (observed >= MINIMUM_EVENTS) & (margin > 0) & (margin <= HORIZON),
        maxsprt_statistic(observed, np.maximum(margin, 1e-12)),
        0.0,
    )
    return Alone(observed, expected, statistic)


def ordinary(settings: Settings) -> float:
    """Up to how many times the rate elsewhere is no news: what families and seasons differ by."""
    return settings.ordinary_ratio * float(np.exp(ndtri(QUANTILE) * settings.family_spread))


def claims_needed(expected: Floats, limit: Floats) -> Floats:
    """Claims from which MaxSPRT reaches its limit where `expected` (margin included) are due; inf past its
    end."""
    mu = np.asarray(expected, float)
    count = np.maximum(np.ceil(mu), MINIMUM_EVENTS)
    lacks = maxsprt_statistic(count, np.maximum(mu, 1e-12)) < limit
    while lacks.any():
        count = count + lacks
        lacks = (maxsprt_statistic(count, np.maximum(mu, 1e-12)) < limit) & (count < 1000)
    return np.where((mu <= HORIZON) & (mu > 0), count, np.inf)


@lru_cache(maxsize=4096)
def log_limit(alpha: float) -> float:
    """The critical value for a false-alert probability, rounded down to two digits so that few differ."""
    if alpha <= 0:
        return float("inf")
    digits = int(np.floor(np.log10(alpha))) - 1
    rounded = max(np.floor(alpha / 10.0**digits), 1.0) * 10.0**digits
    return _critical(float(rounded))


@lru_cache(maxsize=4096)
def _critical(alpha: float) -> float:
    return maxsprt_critical_value(HORIZON, min(alpha, 0.5), MINIMUM_EVENTS)
