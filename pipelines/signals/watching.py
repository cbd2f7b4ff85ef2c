"""The watch over all families and workshops: evidence against limits from one budget.

Belongs here: from trees to evidence and limits, and the tables made of all of them. Does not belong here: the
numerical methods (`pipelines.reliability`), one tree's rows (rows.py), the ledger of what people did.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.reliability import (
    Evidence,
    GammaMixture,
    born_periods,
    e_findings,
    evidence_of,
    fit_gamma_mixture,
    lord,
    shrunken_ratios,
    split_budget,
    visible_ratio,
)
from pipelines.signals import alone, coding
from pipelines.signals.reading import Lots
from pipelines.signals.rows import HISTORY_SCHEMA, SIGNAL_SCHEMA, Watch, tree_rows
from pipelines.signals.settings import Settings
from pipelines.signals.tree import LEVELS, Tree, tree_of

# Of the declared number of false alerts: each level of machines, how workshops code, nodes without peers.
LEVEL_SHARES = (0.14, 0.42, 0.18, 0.05, 0.11)
CODING_SHARE, ALONE_SHARE = 0.05, 0.05
PLAIN_RATIO = 10.0  # what a watch should be able to show
ENOUGH_FOR_A_PRIOR = 30
FLAT = GammaMixture(4.0, 4.0, 4.0, 4.0, 0.5)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def signal_rows(
    lots: Lots, as_of: date, progress: Callable[[str], None] = lambda _: None
) -> dict[str, pl.DataFrame]:
    """The tables `signals` and `signal_history` as of a day."""
    trees = _trees(lots, as_of)
    cost = {row[0]: row[2] / row[1] for row in lots.costs.iter_rows() if row[1]}
    signals, history = [pl.DataFrame(schema=SIGNAL_SCHEMA)], [pl.DataFrame(schema=HISTORY_SCHEMA)]
    spent = idle = 0.0
    for watch in _watches(trees, lots, as_of):
        more = _spent(watch)
        spent, idle = spent + more[0], idle + more[1]
        of_tree, months = tree_rows(watch, cost, as_of, lots.settings)
        signals.append(of_tree)
        history.append(months)
    if spent:
        progress(
            f"{lots.settings.declared_false_alerts:g} false alerts a year declared; {idle / spent:.0%} of "
            f"that lies with nodes too small as yet to show {PLAIN_RATIO:g} times their rate"
        )
    table = _with_discoveries(_with_stakes(pl.concat(signals)), lots.settings)
    return {
        "signals": table.sort("signal_id"),
        "signal_history": pl.concat(history).sort("signal_id", "month"),
    }


def _trees(lots: Lots, as_of: date) -> list[Tree]:
    """One tree per family and power source with units, then that of the workshops."""
    last = as_of.year * 12 + as_of.month - 1
    trees = []
    kinds = lots.units.select("family_code", "power_source").unique().sort("family_code", "power_source")
    for family, power_source in kinds.drop_nulls("family_code").iter_rows():
        alike = (pl.col("family_code") == family) & pl.col("power_source").eq_missing(pl.lit(power_source))
        units = lots.units.filter(alike & (pl.col("delivery") <= last))
        if units["units"].sum() > 0:
            trees.append(
                tree_of(
                    family, power_source, units, lots.claims.filter(alike), lots.faults, last,
                    lots.settings.minimum_units,
                )
            )  # fmt: skip
    of_workshops = coding.coding_tree(lots.diagnoses, lots.codes, last)
    return trees if of_workshops is None else [*trees, of_workshops]


def _watches(trees: list[Tree], lots: Lots, as_of: date) -> Iterator[Watch]:
    """The evidence of each tree, one at a time (it is large), against limits from one budget over all."""
    settings = lots.settings
    if not trees:
        return
    first = min(tree.first_month for tree in trees)
    born = [
        born_periods(tree.counts, len(tree.nodes), 1.0 if tree.is_coding else settings.minimum_units)
        for tree in trees
    ]
    shifted = [np.where(b >= 0, b + t.first_month - first, -1) for b, t in zip(born, trees, strict=True)]
    levels = np.concatenate(
        [np.full(len(t.nodes), len(LEVELS)) if t.is_coding else t.nodes["level"].to_numpy() for t in trees]
    )
    alpha = _alphas(np.concatenate(shifted), levels, (*LEVEL_SHARES, CODING_SHARE), settings)
    begins_alone = [_begins_alone(tree, b) for tree, b in zip(trees, born, strict=True)]
    once = np.where(np.concatenate(begins_alone), np.concatenate(shifted), -1)
    alpha_alone = _alphas(once, np.zeros(len(once), np.intp), (ALONE_SHARE,), settings)
    ends = np.cumsum([len(tree.nodes) for tree in trees])
    pools = {i: alone.pool_of(tree) for i, tree in enumerate(trees) if not tree.is_coding}
    elapsed = as_of.day / calendar.monthrange(as_of.year, as_of.month)[1]
    for i, (tree, end) in enumerate(zip(trees, ends, strict=True)):
        rows = slice(end - len(tree.nodes), end)
        names = lots.codes if tree.is_coding else lots.faults
        spread = settings.center_spread if tree.is_coding else settings.product_spread
        evidence = evidence_of(
            tree.counts,
            tree.reference,
            nodes=len(tree.nodes),
            faults=len(names) + 1,
            periods=tree.periods,
            theta0=settings.ordinary_ratio,
            spread=spread,
            own_lag=int(settings.lag_months),
            minimum_units=1.0 if tree.is_coding else settings.minimum_units,
        )
        any_share = 0.0 if tree.is_coding else 0.5
        by_fault = np.concatenate([[any_share], np.full(len(names), (1 - any_share) / max(len(names), 1))])
        with np.errstate(divide="ignore"):
            log_limit = -np.log(alpha[rows, None] * by_fault)
        is_alone = begins_alone[i] & ~evidence.has_peers
        source = None
        if is_alone.any():
            source = _set_alone(
                tree, evidence, log_limit, is_alone, alpha_alone[rows], pools, i, elapsed, settings
            )
        yield Watch(tree, evidence, log_limit, names, is_alone, source)


def _alphas(
    born: NDArray[np.intp], levels: NDArray[np.intp], shares: tuple[float, ...], settings: Settings
) -> Floats:
    return split_budget(
        born,
        levels,
        shares,
        declared=settings.declared_false_alerts,
        bound_over_realised=settings.bound_over_realised,
    ).alpha


def _begins_alone(tree: Tree, born: NDArray[np.intp]) -> Bools:
    """Nodes of machines that had no other units in their strata when they were first watched."""
    if tree.is_coding:
        return np.zeros(len(tree.nodes), bool)
    c = tree.counts
    width = len(c.stratum_period)
    whole = np.bincount(c.stratum, c.units, width)
    at_birth = tree.cell_period[c.pair_cell] == born[c.pair_node]
    slot = c.pair_node[at_birth] * width + c.stratum[c.pair_cell[at_birth]]
    place, where = np.unique(slot, return_inverse=True)
    units = np.bincount(where, c.units[c.pair_cell[at_birth]], len(place))
    out = born >= 0
    out[(place // width)[units < whole[place % width]]] = False
    return out


def _set_alone(
    tree: Tree,
    evidence: Evidence,
    log_limit: Floats,
    is_alone: Bools,
    alpha: Floats,
    pools: dict[int, alone.Pool],
    number: int,
    elapsed: float,
    settings: Settings,
) -> str | None:
    """Put MaxSPRT in the place of the evidence of nodes without peers; whose rates it used."""
    nodes = np.flatnonzero(is_alone)
    own = pools[number]
    rate, source = alone.rates_elsewhere(own, list(pools.values()), settings.minimum_claims)
    if np.isnan(rate[-1]).all():
        return None
    found = alone.watch_alone(tree, nodes, evidence.born_period[nodes], rate, elapsed, settings)
    evidence.observed[:, nodes, 0], evidence.expected[:, nodes, 0] = found.observed, found.expected
    evidence.log_evidence[:, nodes, 0] = found.statistic
    evidence.offset[:, nodes, 0] = alone.ordinary(settings) / settings.ordinary_ratio
    log_limit[nodes, 0] = [alone.log_limit(float(a)) for a in alpha[nodes]]
    return source


def _spent(watch: Watch) -> tuple[float, float]:
    """The bound spent on a tree's nodes, and on those of them that could not show PLAIN_RATIO by now."""
    alpha = np.where(watch.is_alone[:, None], 0.0, np.exp(-watch.log_limit))
    ordinary = watch.evidence.offset[-1]
    seen_from = visible_ratio(watch.evidence.expected[-1], watch.log_limit, ordinary)
    is_idle = (seen_from > PLAIN_RATIO) | ~watch.evidence.has_peers[:, None]
    return float(alpha.sum()), float(alpha[is_idle].sum())


def _with_stakes(signals: pl.DataFrame) -> pl.DataFrame:
    """Shrunken ratios of all nodes together, and what is to come and at risk at these."""
    observed, expected = signals["observed"].to_numpy().astype(float), signals["expected"].to_numpy()
    is_coding = (signals["method"] == "coding").to_numpy()
    told = signals["is_watchable"].to_numpy() & (expected > 0)
    is_any = signals["fault_code"].is_null().to_numpy()
    pool = np.flatnonzero(told & is_any & ~is_coding & (expected >= 0.5))
    prior = FLAT
    if len(pool) >= ENOUGH_FOR_A_PRIOR and observed[pool].sum() > 0:
        step = max(len(pool) // 1500, 1)
        prior = fit_gamma_mixture(observed[pool[::step]], expected[pool[::step]])
    ratio, low = np.full(len(signals), np.nan), np.full(len(signals), np.nan)
    for rows, of in ((told & ~is_coding, prior), (told & is_coding, FLAT)):
        if rows.any():
            shrunken = shrunken_ratios(observed[rows], expected[rows], of)
            ratio[rows], low[rows] = shrunken.ratio, shrunken.low
    times = pl.Series(np.where(np.isfinite(ratio), ratio, 1.0))
    return signals.with_columns(
        shrunken_ratio=pl.Series(ratio).fill_nan(None),
        shrunken_ratio_low=pl.Series(low).fill_nan(None),
        expected_claims=(pl.col("expected_claims") * times).fill_nan(None),
        cost_at_risk_eur=(pl.col("cost_at_risk_eur") * times).fill_nan(None),
        visible_ratio=pl.when(pl.col("visible_ratio") <= 100).then("visible_ratio"),
        **{
            name: pl.col(name).fill_nan(None)
            for name in ("ratio", "ratio_low", "ratio_high", "statistic", "signal_limit", "power_at_twice")
        },
    )


def _with_discoveries(signals: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Beside the alerts: what a kept share of false ones would call findings, at once and one after another.

    At once: e-BH on the evidence as it is now; in order of watching: LORD on p = 1/evidence. Neither makes
    nor unmakes an alert. MaxSPRT's statistic is no e-value and takes no part.
    """
    ordered = signals.sort("watched_since", "signal_id", nulls_last=True)
    told = (ordered["is_watchable"] & (ordered["method"] != "expectation")).to_numpy()
    e = ordered["statistic"].to_numpy()[told]
    at_once, online = np.zeros(len(ordered), bool), np.zeros(len(ordered), bool)
    if told.any():
        at_once[told] = e_findings(e, settings.false_discovery_share)
        p = np.minimum(1.0, 1 / np.maximum(e, 1e-300))
        online[told] = lord(p, settings.false_discovery_share).is_finding
    return ordered.with_columns(is_batch_finding=pl.Series(at_once), is_online_finding=pl.Series(online))
