"""The watch over all families: evidence against limits, one alert per cause, what is at stake.

Belongs here: from trees to the rows of `signals` and `signal_history`. Does not belong here: the numerical
methods (`pipelines.reliability`) or the ledger of what people did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.reliability import (
    Evidence,
    GammaMixture,
    born_periods,
    evidence_of,
    explained_by,
    fit_gamma_mixture,
    poisson_limits,
    power,
    shrunken_ratios,
    split_budget,
    visible_ratio,
)
from pipelines.reliability.observations import totals
from pipelines.signals.reading import Lots
from pipelines.signals.tree import (
    AGE_BANDS,
    BANDS,
    LEVEL_SHARES,
    LEVELS,
    MINIMUM_UNITS,
    Tree,
    tree_of,
)

DECLARED = 2.0  # expected false alerts a year over the whole tree
THETA0 = 1.1  # up to how many times its peers, after the offset, a node may claim without being news
SPREAD = 0.3  # standard deviation of the log ratio between products of a family
LAG_MONTHS = 6  # a product is offset by its own claims of at least so long ago
PLAIN_RATIO = 10.0  # what a watch should be able to show
LARGEST = 1e300  # an e-value beyond it says no more
ENOUGH_FOR_A_PRIOR = 30
HISTORY_OBSERVED = 3  # claims from which a node's months are kept, alert or not
FLAT = GammaMixture(4.0, 4.0, 4.0, 4.0, 0.5)

Floats = NDArray[np.float64]

SIGNAL_SCHEMA: dict[str, type[pl.DataType]] = {
    "signal_id": pl.String, "level": pl.String, "family_code": pl.String,
    "power_source": pl.String, "sku": pl.String,
    "fault_code": pl.String, "lot_code": pl.String, "supplier_id": pl.String,
    "service_center_id": pl.String, "delivery_month": pl.Date, "method": pl.String,
    "comparison": pl.String, "observed": pl.Int64, "expected": pl.Float64, "ratio": pl.Float64,
    "ratio_low": pl.Float64, "ratio_high": pl.Float64, "ordinary_ratio": pl.Float64,
    "shrunken_ratio": pl.Float64, "shrunken_ratio_low": pl.Float64, "statistic": pl.Float64,
    "signal_limit": pl.Float64, "is_over_limit": pl.Boolean, "status": pl.String,
    "first_signal_on": pl.Date, "watched_since": pl.Date, "explained_by": pl.String,
    "units_sold": pl.Int64, "units_under_warranty": pl.Int64, "expected_claims": pl.Float64,
    "cost_at_risk_eur": pl.Float64, "power_at_twice": pl.Float64, "visible_ratio": pl.Float64,
    "is_watchable": pl.Boolean, "not_watchable_reason": pl.String,
}  # fmt: skip
HISTORY_SCHEMA: dict[str, type[pl.DataType]] = {
    "signal_id": pl.String, "month": pl.Date, "observed": pl.Int64, "expected": pl.Float64,
    "ratio": pl.Float64, "ratio_low": pl.Float64, "ratio_high": pl.Float64, "statistic": pl.Float64,
    "signal_limit": pl.Float64, "status": pl.String, "units_under_warranty": pl.Int64,
}  # fmt: skip
NODE_COLUMNS = ("sku", "fault_code", "lot_code", "supplier_id", "delivery_month")


@dataclass(frozen=True)
class Watch:
    """One family: its tree, evidence and limits (log, per node × fault)."""

    tree: Tree
    evidence: Evidence
    log_limit: Floats


def signal_rows(
    lots: Lots, as_of: date, progress: Callable[[str], None] = lambda _: None
) -> dict[str, pl.DataFrame]:
    """The tables `signals` and `signal_history` as of a day."""
    last = as_of.year * 12 + as_of.month - 1
    trees = []
    kinds = lots.units.select("family_code", "power_source").unique().sort("family_code", "power_source")
    for family, power_source in kinds.drop_nulls("family_code").iter_rows():
        alike = (pl.col("family_code") == family) & pl.col("power_source").eq_missing(pl.lit(power_source))
        units = lots.units.filter(alike & (pl.col("delivery") <= last))
        if units["units"].sum() > 0:
            claims = lots.claims.filter(alike)
            trees.append(tree_of(family, power_source, units, claims, lots.faults, last))
    watches = _watches(trees, len(lots.faults))
    if watches:
        progress(
            f"{DECLARED:g} false alerts a year declared; {idle_share(watches):.0%} of that lies with nodes "
            f"too small as yet to show {PLAIN_RATIO:g} times their rate"
        )
    cost = {row[0]: row[2] / row[1] for row in lots.costs.iter_rows() if row[1]}
    tables = [_family_rows(watch, lots.faults, cost, as_of) for watch in watches]
    signals = pl.concat([pl.DataFrame(schema=SIGNAL_SCHEMA), *(signals for signals, _ in tables)])
    history = pl.concat([pl.DataFrame(schema=HISTORY_SCHEMA), *(history for _, history in tables)])
    signals = _with_stakes(signals)
    return {
        "signals": signals.sort("signal_id"),
        "signal_history": history.sort("signal_id", "month"),
    }


def _watches(trees: list[Tree], faults: int) -> list[Watch]:
    """The evidence of each family, against limits from one budget over all of them."""
    if not trees:
        return []
    first = min(tree.first_month for tree in trees)
    born = [born_periods(tree.counts, len(tree.nodes), MINIMUM_UNITS) for tree in trees]
    shifted = [np.where(b >= 0, b + t.first_month - first, -1) for b, t in zip(born, trees, strict=True)]
    level = np.concatenate([tree.nodes["level"].to_numpy() for tree in trees])
    budget = split_budget(np.concatenate(shifted), level, LEVEL_SHARES, declared=DECLARED)
    by_fault = np.concatenate([[0.5], np.full(faults, 0.5 / max(faults, 1))])
    ends = np.cumsum([len(tree.nodes) for tree in trees])
    out = []
    for tree, end in zip(trees, ends, strict=True):
        alpha = budget.alpha[end - len(tree.nodes) : end]
        evidence = evidence_of(
            tree.counts,
            tree.reference,
            nodes=len(tree.nodes),
            faults=faults + 1,
            periods=tree.periods,
            theta0=THETA0,
            spread=SPREAD,
            own_lag=LAG_MONTHS,
            minimum_units=MINIMUM_UNITS,
        )
        with np.errstate(divide="ignore"):
            log_limit = -np.log(alpha[:, None] * by_fault)
        out.append(Watch(tree, evidence, log_limit))
    return out


def idle_share(watches: list[Watch]) -> float:
    """Share of the declared false alerts spent on nodes × faults that could not show PLAIN_RATIO by now."""
    spent = idle = 0.0
    for watch in watches:
        alpha = np.exp(-watch.log_limit)
        ordinary = watch.evidence.offset[-1] * THETA0
        seen_from = visible_ratio(watch.evidence.expected[-1], watch.log_limit, ordinary)
        spent += float(alpha.sum())
        idle += float(alpha[(seen_from > PLAIN_RATIO) | ~watch.evidence.has_peers[:, None]].sum())
    return idle / spent if spent else 0.0


def _family_rows(
    watch: Watch, faults: list[str], cost: dict[str, float], as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    tree, evidence, limit = watch.tree, watch.evidence, watch.log_limit
    is_watched = evidence.born_period >= 0
    over: NDArray[np.bool_] = np.asarray((evidence.log_evidence >= limit) & is_watched[:, None])
    ever: NDArray[np.bool_] = np.asarray(over.any(axis=0))
    first = np.where(ever, over.argmax(axis=0), -1)
    shown = evidence.observed[-1] > 0
    shown[:, 0] = is_watched | (tree.nodes["level"].to_numpy() <= 1)
    shown[:, 1:] &= is_watched[:, None]
    node, fault = np.nonzero(shown)
    pair_units, now = _units_by_period(tree)
    names = tree.nodes.select("sku", "lot_code", "supplier_id", "delivery", "level", "sold")
    base = names[node].with_columns(
        pl.Series("fault_code", [faults[f - 1] if f else None for f in fault], pl.String),
        delivery_month=_months(names["delivery"][node]),
        level=pl.Series([LEVELS[k] for k in names["level"][node]], dtype=pl.String),
    )
    ids = _ids(base, tree)
    cause = _causes(watch, ever, node, fault, pair_units)
    to_come = _to_come(tree, len(faults) + 1)
    observed, expected = evidence.observed[-1][node, fault], evidence.expected[-1][node, fault]
    log_evidence, log_limit = evidence.log_evidence[-1][node, fault], limit[node, fault]
    ordinary = evidence.offset[-1][node, fault] * THETA0
    watched = is_watched[node]
    alone = ~evidence.has_peers[node]
    low, high = poisson_limits(observed)
    reasons = [
        f"Fewer than {MINIMUM_UNITS} units at risk at any time."
        if not is_seen
        else ("No like units at the same age and time to compare with." if has_none else None)
        for is_seen, has_none in zip(watched, alone, strict=True)
    ]
    is_watchable = watched & ~alone
    usable = is_watchable & (expected > 0)
    chance, seen_from = np.zeros(len(node)), np.full(len(node), np.inf)
    chance[usable] = power(expected[usable], log_limit[usable], 2.0, ordinary[usable])
    seen_from[usable] = visible_ratio(expected[usable], log_limit[usable], ordinary[usable])
    begun = tree.first_month + np.maximum(evidence.born_period[node], 0)
    fired = ever[node, fault]
    fired_on = [
        min(_last_day(tree.first_month + int(first[n, f])), as_of) if ever[n, f] else None
        for n, f in zip(node, fault, strict=True)
    ]
    is_cause = fired & (cause == np.arange(len(node)))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.where(expected > 0, v / expected, np.nan) for v in (observed, low, high)]
    signals = pl.DataFrame(
        {
            "signal_id": ids,
            "level": base["level"],
            "family_code": [tree.family_code] * len(node),
            "power_source": [tree.power_source] * len(node),
            "sku": base["sku"],
            "fault_code": base["fault_code"],
            "lot_code": base["lot_code"],
            "supplier_id": base["supplier_id"],
            "service_center_id": [None] * len(node),
            "delivery_month": base["delivery_month"],
            "method": ["comparison"] * len(node),
            "comparison": [_comparison(tree)] * len(node),
            "observed": observed.astype(np.int64),
            "expected": expected,
            "ratio": ratios[0],
            "ratio_low": ratios[1],
            "ratio_high": ratios[2],
            "ordinary_ratio": ordinary,
            "shrunken_ratio": np.full(len(node), np.nan),
            "shrunken_ratio_low": np.full(len(node), np.nan),
            "statistic": np.where(is_watchable, np.exp(np.minimum(log_evidence, np.log(LARGEST))), np.nan),
            "signal_limit": np.where(is_watchable, np.exp(log_limit), np.nan),
            "is_over_limit": fired,
            "status": np.where(is_cause, "alert", "watch"),
            "first_signal_on": fired_on,
            "watched_since": _months(pl.Series(np.where(watched, begun, -1))),
            "explained_by": [ids[c] if fired[i] and c != i else None for i, c in enumerate(cause.tolist())],
            "units_sold": base["sold"],
            "units_under_warranty": now[node].astype(np.int64),
            "expected_claims": to_come[node, fault],
            "cost_at_risk_eur": to_come[node, fault] * cost.get(tree.family_code, np.nan),
            "power_at_twice": np.where(usable, chance, np.nan),
            "visible_ratio": seen_from,
            "is_watchable": is_watchable,
            "not_watchable_reason": reasons,
        },
        schema_overrides=SIGNAL_SCHEMA,
    ).select(list(SIGNAL_SCHEMA))
    kept = np.flatnonzero(is_watchable & (fired | (observed >= HISTORY_OBSERVED)))
    history = _history(watch, node[kept], fault[kept], [ids[k] for k in kept], over, pair_units)
    return signals, history


def _history(
    watch: Watch,
    node: NDArray[np.intp],
    fault: NDArray[np.intp],
    ids: list[str],
    over: NDArray[np.bool_],
    units: Floats,
) -> pl.DataFrame:
    """The months of some nodes, from the first claim on."""
    tree, evidence = watch.tree, watch.evidence
    if len(node) == 0:
        return pl.DataFrame(schema=HISTORY_SCHEMA)
    observed, expected = evidence.observed[:, node, fault], evidence.expected[:, node, fault]
    period, row = np.nonzero(observed > 0)
    x, e = observed[period, row], expected[period, row]
    low, high = poisson_limits(x)
    since = np.maximum.accumulate(over[:, node, fault], axis=0)[period, row]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.where(e > 0, v / e, np.nan) for v in (x, low, high)]
    log_evidence = np.minimum(evidence.log_evidence[:, node, fault][period, row], np.log(LARGEST))
    return pl.DataFrame(
        {
            "signal_id": [ids[r] for r in row],
            "month": _months(pl.Series(tree.first_month + period)),
            "observed": x.astype(np.int64),
            "expected": e,
            "ratio": ratios[0],
            "ratio_low": ratios[1],
            "ratio_high": ratios[2],
            "statistic": np.exp(log_evidence),
            "signal_limit": np.exp(watch.log_limit[node, fault][row]),
            "status": np.where(since, "alert", "watch"),
            "units_under_warranty": units[node[row], period].astype(np.int64),
        },
        schema_overrides=HISTORY_SCHEMA,
    ).select(list(HISTORY_SCHEMA))


def _units_by_period(tree: Tree) -> tuple[Floats, Floats]:
    """Units at risk of each node by period, (nodes, periods), and now."""
    c = tree.counts
    slot = c.pair_node * tree.periods + tree.cell_period[c.pair_cell]
    units = totals(slot, c.units[c.pair_cell], len(tree.nodes) * tree.periods)
    units = units.reshape(len(tree.nodes), tree.periods)
    return units, units[:, -1]


def _causes(
    watch: Watch, ever: NDArray[np.bool_], node: NDArray[np.intp], fault: NDArray[np.intp], units: Floats
) -> NDArray[np.intp]:
    """For each row the row that explains it: itself, unless it is an alert that another explains."""
    cause = np.arange(len(node))
    alerts = np.flatnonzero(ever[node, fault])
    if len(alerts):
        found = explained_by(
            watch.tree.counts,
            node[alerts],
            fault[alerts],
            watch.log_limit[node[alerts], fault[alerts]],
            watch.evidence.offset[-1][node[alerts], fault[alerts]] * THETA0,
            size=units[node[alerts]].sum(axis=1),
        )
        cause[alerts] = alerts[found]
    return cause


def _to_come(tree: Tree, faults: int) -> Floats:
    """Claims to come of each node's units if it claims as its family does, by fault: (nodes, faults)."""
    c = tree.counts
    band = AGE_BANDS[tree.age]
    exposure = np.bincount(band, c.units, BANDS)
    claims = np.zeros((BANDS, faults))
    np.add.at(claims, (band[c.event_cell], c.event_fault), c.event_count)
    rate = np.where(exposure[:, None] > 0, claims / np.maximum(exposure, 1e-12)[:, None], 0.0)
    ahead = rate[AGE_BANDS]
    ahead[-1] = 0.0  # the month in which the warranty ends
    still = np.cumsum(ahead[::-1], axis=0)[::-1] - ahead  # rates summed over the months after each age
    now = tree.cell_period[c.pair_cell] == tree.periods - 1
    out = np.zeros((len(tree.nodes), faults))
    cell = c.pair_cell[now]
    for fault in range(faults):
        weight = c.units[cell] * still[tree.age[cell], fault]
        out[:, fault] = np.bincount(c.pair_node[now], weight, len(tree.nodes))
    return out


def _with_stakes(signals: pl.DataFrame) -> pl.DataFrame:
    """Shrunken ratios of all nodes together, and what is to come and at risk at these."""
    observed, expected = signals["observed"].to_numpy().astype(float), signals["expected"].to_numpy()
    told = signals["is_watchable"].to_numpy() & (expected > 0)
    is_any = signals["fault_code"].is_null().to_numpy()
    pool = np.flatnonzero(told & is_any & (expected >= 0.5))
    prior = FLAT
    if len(pool) >= ENOUGH_FOR_A_PRIOR and observed[pool].sum() > 0:
        step = max(len(pool) // 1500, 1)
        prior = fit_gamma_mixture(observed[pool[::step]], expected[pool[::step]])
    ratio, low = np.full(len(signals), np.nan), np.full(len(signals), np.nan)
    if told.any():
        shrunken = shrunken_ratios(observed[told], expected[told], prior)
        ratio[told], low[told] = shrunken.ratio, shrunken.low
    times = np.where(np.isfinite(ratio), ratio, 1.0)
    return signals.with_columns(
        shrunken_ratio=pl.Series(ratio).fill_nan(None),
        shrunken_ratio_low=pl.Series(low).fill_nan(None),
        expected_claims=pl.col("expected_claims") * pl.Series(times),
        cost_at_risk_eur=(pl.col("cost_at_risk_eur") * pl.Series(times)).fill_nan(None),
        visible_ratio=pl.when(pl.col("visible_ratio") <= 100).then("visible_ratio"),
        **{
            name: pl.col(name).fill_nan(None)
            for name in ("ratio", "ratio_low", "ratio_high", "statistic", "signal_limit", "power_at_twice")
        },
    )


def _comparison(tree: Tree) -> str:
    power = f", {tree.power_source}" if tree.power_source else ""
    return f"{tree.family_code}{power}: units of the same age in the same month"


def _ids(base: pl.DataFrame, tree: Tree) -> list[str]:
    """A key that stays: name=value of what the node is, in a fixed order."""
    first = [f"family_code={tree.family_code}"]
    first += [f"power_source={tree.power_source}"] if tree.power_source else []
    return [
        "|".join([*first, *(f"{name}={value}" for name, value in row.items() if value is not None)])
        for row in base.select(*NODE_COLUMNS).iter_rows(named=True)
    ]


def _months(numbers: pl.Series) -> pl.Series:
    """The first days of months counted from year 0; none for an unknown or negative one."""
    return pl.Series(
        [date(n // 12, n % 12 + 1, 1) if n is not None and n >= 0 else None for n in numbers.to_list()],
        dtype=pl.Date,
    )


def _last_day(month: int) -> date:
    following = month + 1
    return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
