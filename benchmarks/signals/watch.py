"""The evidence over drawn histories: what it calls falsely, what it finds and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.signals.histories import BAND_COUNT, BANDS, OWN_SPREAD, Bad, Drawn, World, drawn
from pipelines.reliability import Counts, evidence_of, explained_by, split_budget
from pipelines.signals.settings import Settings

LEVEL_SHARES = (0.1, 0.6, 0.3)  # product, lot, delivery month
SETTINGS = Settings.of_project()
DECLARED, BOUND = SETTINGS.declared_false_alerts, SETTINGS.bound_over_realised


@dataclass(frozen=True)
class Watched:
    """The tree of each history: numbers of its nodes, and everything as the evidence takes it."""

    counts: Counts
    reference: np.ndarray
    level: np.ndarray
    history: np.ndarray
    nodes_each: int


def watched(world: World, d: Drawn, histories: int) -> Watched:
    """Nodes: product, product × lot, product × delivery month; each refers to its product."""
    w = world
    lot = d.delivered // w.lot_months
    stratum, where = np.unique(
        (d.history * w.months + d.month) * BAND_COUNT + BANDS[d.month - d.delivered], return_inverse=True
    )
    each = w.products * (1 + w.lots + w.months)
    start = d.history * each
    nodes = [
        start + d.product,
        start + w.products + d.product * w.lots + lot,
        start + w.products * (1 + w.lots) + d.product * w.months + d.delivered,
    ]
    one = np.arange(w.products)
    reference = np.concatenate([one, np.repeat(one, w.lots), np.repeat(one, w.months)])
    level = np.repeat([0, 1, 2], [w.products, w.products * w.lots, w.products * w.months])
    begin = np.repeat(np.arange(histories), each)
    cells = np.arange(len(d.units))
    known = np.concatenate([d.event_period, d.event_period])
    counts = Counts(
        stratum=where,
        units=d.units,
        pair_node=np.concatenate(nodes),
        pair_cell=np.tile(cells, 3),
        event_cell=np.concatenate([d.event_cell, d.event_cell]),
        event_fault=np.concatenate([d.event_fault + 1, np.zeros(len(d.event_fault), np.intp)]),
        event_period=known,
        event_count=np.ones(len(known)),
        stratum_period=stratum // BAND_COUNT % w.months * w.weeks_per_month,
    )
    return Watched(
        counts, np.tile(reference, histories) + begin * each, np.tile(level, histories), begin, each
    )


@dataclass(frozen=True)
class Fired:
    """First period of each node × fault over its limit (-1: never), and the evidence behind."""

    period: np.ndarray
    log_limit: np.ndarray
    offset: np.ndarray
    observed: np.ndarray


def fired(
    world: World, tree: Watched, histories: int, *, spread: float, theta0: float, bound: float = BOUND
) -> Fired:
    """The evidence of all nodes against limits from the declared number of false alerts."""
    nodes, faults, k = len(tree.level), world.faults + 1, world.weeks_per_month
    evidence = evidence_of(
        tree.counts,
        tree.reference,
        nodes=nodes,
        faults=faults,
        periods=world.months * k,
        spread=spread,
        theta0=theta0,
        own_lag=6 * k,
        life=36 * k,
    )
    alpha = np.zeros(nodes)
    for one in range(histories):
        rows = tree.history == one
        born, level = evidence.born_period[rows], tree.level[rows]
        split = split_budget(
            born, level, LEVEL_SHARES, declared=DECLARED, periods_per_year=12 * k, bound_over_realised=bound
        )
        alpha[rows] = split.alpha
    by_fault = np.concatenate([[0.5], np.full(world.faults, 0.5 / world.faults)])
    with np.errstate(divide="ignore"):
        log_limit = -np.log(alpha[:, None] * by_fault)
    over = evidence.log_evidence >= log_limit
    period = np.where(over.any(axis=0), over.argmax(axis=0), -1)
    return Fired(period, log_limit, evidence.offset[-1] * theta0, evidence.observed)


def false_alerts(
    rng: np.random.Generator, world: World, histories: int, **settings: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of each of some null histories: nodes × faults that ever fired, and alerts, one per cause."""
    tree = watched(world, drawn(rng, world, histories), histories)
    found = fired(world, tree, histories, **settings)
    over = np.bincount(tree.history, (found.period >= 0).sum(axis=1), histories)
    units = np.bincount(tree.counts.pair_node, tree.counts.units[tree.counts.pair_cell], len(tree.level))
    node, fault = np.nonzero(found.period >= 0)
    causes = np.zeros(histories)
    if len(node):
        at = found.log_limit[node, fault], found.offset[node, fault]
        cause = explained_by(tree.counts, node, fault, *at, size=units[node])
        np.add.at(causes, tree.history[node[cause == np.arange(len(node))]], 1)
    return over, causes


@dataclass(frozen=True)
class Found:
    """What became of planted lots. weeks: since the first delivery, infinite where never found.

    claims: of the lot by then, of those found; named: of those found, whether its own node was named.
    """

    weeks: np.ndarray
    claims: np.ndarray
    named: np.ndarray

    @property
    def share(self) -> float:
        """Of the lots, those found."""
        return float(np.isfinite(self.weeks).mean())

    @classmethod
    def of(cls, parts: list[Found]) -> Found:
        """Several as one."""
        return cls(*(np.concatenate([getattr(each, name) for each in parts]) for name in cls.__annotations__))


def found_of(rng: np.random.Generator, world: World, bad: Bad, histories: int, theta0: float) -> Found:
    """How the evidence finds a planted lot: by its own node, or a delivery month of it."""
    w, k = world, world.weeks_per_month
    d = drawn(rng, world, histories, bad)
    tree = watched(world, d, histories)
    shown = fired(world, tree, histories, spread=OWN_SPREAD, theta0=theta0)
    each, begins = tree.nodes_each, bad.lot * w.lot_months
    lot_node = w.products + bad.product * w.lots + bad.lot
    first_month = w.products * (1 + w.lots) + bad.product * w.months + begins
    telling = [lot_node, *range(first_month, first_month + w.lot_months), bad.product]
    weeks, claims, named = np.full(histories, np.inf), [], []
    units = np.bincount(tree.counts.pair_node, tree.counts.units[tree.counts.pair_cell], len(tree.level))
    for one in range(histories):
        hits = shown.period[one * each + np.array(telling)]
        hits = hits[hits >= begins * k]  # what fired before the lot was there has not found it
        if len(hits) == 0:
            continue
        period = int(hits.min())
        weeks[one] = (period + 1 - begins * k) * 52 / 12 / k
        claims.append(shown.observed[period, one * each + lot_node, 0])
        alerts = np.argwhere(shown.period[one * each : (one + 1) * each] >= 0)
        node, fault = alerts[:, 0] + one * each, alerts[:, 1]
        at = shown.log_limit[node, fault], shown.offset[node, fault]
        cause = explained_by(tree.counts, node, fault, *at, size=units[node])
        named.append(bool(((node == one * each + lot_node) & (cause == np.arange(len(node)))).any()))
    return Found(weeks, np.array(claims), np.array(named, bool))
