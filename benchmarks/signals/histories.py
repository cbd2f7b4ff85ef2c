"""Histories of one family whose truth is known: units and claims, with or without a bad lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BANDS = np.array([0, 1, 2, 3, 3, 3] + [4] * 6 + [5] * 12)
WARRANTY, BAND_COUNT = 24, 6
OWN_SPREAD = float(np.hypot(0.25, 0.15))  # the simulator's: products and suppliers


@dataclass(frozen=True)
class World:
    """How histories are drawn: sales are units a month of a middling product."""

    products: int = 8
    months: int = 30
    lot_months: int = 3
    sales: float = 60.0
    faults: int = 4
    spread: float = OWN_SPREAD
    lot_spread: float = 0.1
    hazard: float = 0.006
    weeks_per_month: int = 1  # looks a month: 1 for speed, 4 to measure delays

    @property
    def lots(self) -> int:
        """Lots of each product."""
        return -(-self.months // self.lot_months)


@dataclass(frozen=True)
class Bad:
    """A planted lot: its hazard's ratio, the excess in fault 1, of which `miscoded` is coded otherwise."""

    product: int
    lot: int
    ratio: float
    units: int
    miscoded: float = 0.2


@dataclass(frozen=True)
class Drawn:
    """Cells (history, product, delivery month, month) with units and claims by fault and period known."""

    history: np.ndarray
    product: np.ndarray
    delivered: np.ndarray
    month: np.ndarray
    units: np.ndarray
    event_cell: np.ndarray
    event_fault: np.ndarray
    event_period: np.ndarray


def drawn(rng: np.random.Generator, world: World, histories: int, bad: Bad | None = None) -> Drawn:
    """Histories side by side."""
    w, month = world, np.arange(world.months)
    season = 1 + 0.7 * np.sin(2 * np.pi * (month - 3) / 12)
    popularity = (np.arange(w.products) + 1.0) ** -0.5
    mean = w.sales * (popularity / popularity.mean())[:, None] * season * 1.02**month
    sold = rng.poisson(np.broadcast_to(mean, (histories, *mean.shape)))
    lot_of = month // w.lot_months
    if bad is not None:
        there = np.flatnonzero(lot_of == bad.lot)
        sold[:, bad.product, there] = rng.multinomial(
            bad.units, np.full(len(there), 1 / len(there)), histories
        )
    need = np.exp(rng.normal(0, w.spread, (histories, w.products)))
    common = rng.normal(0, w.lot_spread, (histories, w.lots))  # lots of one quarter share a part
    own = rng.normal(0, w.lot_spread, (histories, w.products, w.lots))
    lot_need = np.exp((common[:, None, :] + own) / np.sqrt(2))
    faults = rng.dirichlet(np.full(w.faults, 3.0), histories)
    h, p, d, m = np.meshgrid(np.arange(histories), np.arange(w.products), month, month, indexing="ij")
    keep = (m >= d) & (m - d < WARRANTY) & (sold[h, p, d] > 0)
    h, p, d, m = h[keep], p[keep], d[keep], m[keep]
    age = m - d
    base = w.hazard * (1 + 2.0 * (age == 0) + 0.3 * (age > 12)) * (1 + 0.8 * np.sin(2 * np.pi * (m - 4) / 12))
    units = sold[h, p, d].astype(float)
    load = units * base * need[h, p] * lot_need[h, p, lot_of[d]]
    claims = rng.poisson(load[:, None] * faults[h])
    if bad is not None:
        hit = (p == bad.product) & (lot_of[d] == bad.lot)
        extra = rng.poisson(load[hit] * (bad.ratio - 1))
        wrong = rng.binomial(extra, bad.miscoded)
        claims[hit, 0] += extra - wrong
        claims[np.flatnonzero(hit), rng.integers(1, w.faults, hit.sum())] += wrong
    cell, fault = np.nonzero(claims)
    number = claims[cell, fault]
    cell, fault = np.repeat(cell, number), np.repeat(fault, number)
    k = w.weeks_per_month
    slow = 0.7 - 0.3 * m[cell] / w.months  # the delay drifts
    requested = m[cell] * k + rng.integers(0, k, len(cell))
    known = requested + np.floor((rng.geometric(slow) - rng.random(len(cell))) * k).astype(int)
    seen = known < w.months * k
    return Drawn(h, p, d, m, units, cell[seen], fault[seen], known[seen])
