"""Four rules that many shops use, each tuned to a number of false alarms."""

from __future__ import annotations

import numpy as np

from benchmarks.signals.histories import WARRANTY, Bad, Drawn, World, drawn
from benchmarks.signals.watch import Found

RIVALS = ("faults / units sold", "month over month +50 %", "3 sigma on counts", "chi-square on Nevada")


def rival_statistics(world: World, d: Drawn, histories: int) -> tuple[np.ndarray, np.ndarray]:
    """What each usual rule looks at, (rules, histories, products, lots, months), and the lots' claims.

    An alarm is a statistic at or above its limit. Each is given the same claims at the same month ends.
    """
    w, k = world, world.weeks_per_month
    lot = d.delivered // w.lot_months
    shape = (histories, w.products, w.lots, w.months)
    claims = np.zeros(shape)
    c = d.event_cell
    np.add.at(claims, (d.history[c], d.product[c], lot[c], d.event_period // k), 1)
    sold = np.zeros(shape)
    new = d.month == d.delivered
    np.add.at(sold, (d.history[new], d.product[new], lot[new], d.month[new]), d.units[new])
    sold, total = np.cumsum(sold, axis=-1), np.cumsum(claims, axis=-1)
    share = np.where(sold >= 30, total / np.maximum(sold, 1), 0.0)
    before = np.concatenate([np.zeros((*shape[:-1], 1)), claims[..., :-1]], axis=-1)
    rise = np.where(claims >= 1.5 * before, claims, 0.0)
    age = np.cumsum(sold > 0, axis=-1)
    past = np.cumsum(before, axis=-1) / np.maximum(age - 1, 1)
    sigma = np.where(age > 3, (claims - past) / np.sqrt(np.maximum(past, 0.5)), 0.0)
    # Nevada: each lot's cells of age against the family's share failed at that age so far.
    by_age, at_risk = np.zeros((*shape, WARRANTY)), np.zeros((*shape, WARRANTY))
    ages = d.month - d.delivered
    np.add.at(at_risk, (d.history, d.product, lot, d.month, ages), d.units)
    np.add.at(by_age, (d.history[c], d.product[c], lot[c], d.event_period // k, ages[c]), 1)
    seen, met = np.cumsum(by_age, axis=3), np.cumsum(at_risk, axis=3)
    rate = seen.sum(axis=(1, 2), keepdims=True) / np.maximum(met.sum(axis=(1, 2), keepdims=True), 1)
    due = met * rate
    square = np.where(due > 0, (seen - due) ** 2 / np.maximum(due, 0.5), 0.0).sum(axis=-1)
    nevada = np.where(seen.sum(axis=-1) > due.sum(axis=-1), square, 0.0)
    return np.stack([share, rise, sigma, nevada]), total


def tuned_limits(rng: np.random.Generator, world: World, histories: int, false_a_year: float) -> np.ndarray:
    """The limit of each rule that gives this number of false alarms a year on other seeds."""
    top = []
    for _ in range(max(histories // 20, 1)):
        statistic, _ = rival_statistics(world, drawn(rng, world, 20), 20)
        top.append(statistic.max(axis=-1).reshape(len(RIVALS), -1))
    highest = np.sort(np.concatenate(top, axis=1), axis=1)[:, ::-1]
    allowed = false_a_year * world.months / 12 * max(histories // 20, 1) * 20
    return highest[:, min(int(allowed), highest.shape[1] - 1)] * (1 + 1e-9) + 1e-9


def rivals_found(
    rng: np.random.Generator, world: World, bad: Bad, histories: int, limits: np.ndarray
) -> list[Found]:
    """How each tuned rule finds the same kind of lot."""
    statistic, total = rival_statistics(world, drawn(rng, world, histories, bad), histories)
    out = []
    for rule, limit in enumerate(limits):
        over = statistic[rule, :, bad.product, bad.lot] >= limit
        hit, month = over.any(axis=1), over.argmax(axis=1)
        weeks = np.where(hit, (month + 1 - bad.lot * world.lot_months) * 52 / 12, np.inf)
        claims = total[np.flatnonzero(hit), bad.product, bad.lot, month[hit]]
        out.append(Found(weeks, claims, np.zeros(0, bool)))
    return out
