"""One tree's rows of `signals` and `signal_history`: one alert per cause, stakes, what cannot be seen.

Belongs here: from evidence and limits to tables. Does not belong here: what makes either (watching.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.reliability import Evidence, claims_needed, explained_by, poisson_limits, power, visible_ratio
from pipelines.reliability.emergence import LARGEST
from pipelines.reliability.observations import totals
from pipelines.signals import alone
from pipelines.signals.ahead import ahead, growth, months_until_twice, to_come
from pipelines.signals.coding import UNIFORM
from pipelines.signals.settings import Settings
from pipelines.signals.tree import LEVELS, Tree

NOTHING_ALIKE = "Nothing alike to compare with, and too few claims elsewhere to expect any from."
HISTORY_OBSERVED = 3  # claims from which a node's months are kept, alert or not

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
    "twice_visible_on": pl.Date,
    "is_watchable": pl.Boolean, "not_watchable_reason": pl.String, "is_batch_finding": pl.Boolean,
    "is_online_finding": pl.Boolean,
}  # fmt: skip
HISTORY_SCHEMA: dict[str, type[pl.DataType]] = {
    "signal_id": pl.String, "month": pl.Date, "observed": pl.Int64, "expected": pl.Float64,
    "ratio": pl.Float64, "ratio_low": pl.Float64, "ratio_high": pl.Float64, "statistic": pl.Float64,
    "signal_limit": pl.Float64, "status": pl.String, "units_under_warranty": pl.Int64,
}  # fmt: skip
NODE_COLUMNS = ("sku", "fault_code", "lot_code", "supplier_id", "service_center_id", "delivery_month")


@dataclass(frozen=True)
class Watch:
    """One tree with its evidence, limits (log, per node × fault) and the names of its faults.

    is_alone: (nodes,) judged by what machines elsewhere claim (`source`; None: too few there).
    """

    tree: Tree
    evidence: Evidence
    log_limit: Floats
    faults: list[str]
    is_alone: NDArray[np.bool_]
    source: str | None


def tree_rows(
    watch: Watch, cost: dict[str, float], as_of: date, settings: Settings
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of one tree: its nodes × faults as of a day, and their months."""
    tree, evidence, limit, faults = watch.tree, watch.evidence, watch.log_limit, watch.faults
    reason_of = _reasons(watch, settings)
    is_watched = np.array([reason is None for reason in reason_of])
    over: NDArray[np.bool_] = np.asarray((evidence.log_evidence >= limit) & is_watched[:, None])
    ever: NDArray[np.bool_] = np.asarray(over.any(axis=0))
    first = np.where(ever, over.argmax(axis=0), -1)
    shown = evidence.observed[-1] > 0
    shown[:, 0] = _is_any_shown(watch, is_watched)
    shown[:, 1:] &= (is_watched & ~watch.is_alone)[:, None]
    shown |= _beside_alerts(tree, ever) & (is_watched & ~watch.is_alone)[:, None]
    node, fault = np.nonzero(shown)
    pair_units, now = _units_by_period(tree)
    names = tree.nodes
    base = names[node].with_columns(
        pl.Series("fault_code", [faults[f - 1] if f else None for f in fault], pl.String),
        delivery_month=_months(names["delivery"][node]),
        level=names["level"][node]
        if tree.is_coding
        else pl.Series([LEVELS[k] for k in names["level"][node]], dtype=pl.String),
        **({} if tree.is_coding else {"service_center_id": pl.lit(None, pl.String)}),
    )
    ids = _ids(base, tree)
    cause = _causes(watch, ever, node, fault, pair_units, settings)
    coming = to_come(tree, len(faults) + 1)
    observed, expected = evidence.observed[-1][node, fault], evidence.expected[-1][node, fault]
    log_evidence, log_limit = evidence.log_evidence[-1][node, fault], limit[node, fault]
    ordinary = evidence.offset[-1][node, fault] * settings.ordinary_ratio
    low, high = poisson_limits(observed)
    is_watchable, is_alone = is_watched[node], watch.is_alone[node]
    usable = is_watchable & (expected > 0)
    chance, seen_from = np.zeros(len(node)), np.full(len(node), np.inf)
    for rows, needed in ((usable & ~is_alone, claims_needed), (usable & is_alone, alone.claims_needed)):
        at = expected[rows], log_limit[rows]
        chance[rows] = power(*at, 2.0, ordinary[rows], needed=needed)
        seen_from[rows] = visible_ratio(*at, ordinary[rows], needed=needed)
    more = growth(evidence)[node, fault]
    twice_on = np.zeros(len(node), np.intp)  # months ahead; -1: never so far
    for rows, needed in ((usable & ~is_alone, claims_needed), (usable & is_alone, alone.claims_needed)):
        twice_on[rows] = months_until_twice(
            expected[rows], more[rows], log_limit[rows], ordinary[rows], needed
        )
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
            "service_center_id": base["service_center_id"],
            "delivery_month": base["delivery_month"],
            "method": [_method(tree, one) for one in is_alone],
            "comparison": [_comparison(watch, one) for one in is_alone],
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
            "watched_since": _months(pl.Series(np.where(evidence.born_period[node] >= 0, begun, -1))),
            "explained_by": [ids[c] if fired[i] and c != i else None for i, c in enumerate(cause.tolist())],
            "units_sold": base["sold"],
            "units_under_warranty": np.zeros(len(node), np.int64)
            if tree.is_coding
            else now[node].astype(np.int64),
            "expected_claims": coming[node, fault],
            "cost_at_risk_eur": coming[node, fault] * cost.get(tree.family_code or "", np.nan),
            "power_at_twice": np.where(usable, chance, np.nan),
            "visible_ratio": seen_from,
            "twice_visible_on": [
                ahead(as_of, months) if able else None
                for months, able in zip(twice_on.tolist(), usable, strict=True)
            ],
            "is_watchable": is_watchable,
            "not_watchable_reason": [reason_of[n] for n in node],
            "is_batch_finding": [False] * len(node),
            "is_online_finding": [False] * len(node),
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
    watch: Watch,
    ever: NDArray[np.bool_],
    node: NDArray[np.intp],
    fault: NDArray[np.intp],
    units: Floats,
    settings: Settings,
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
            watch.evidence.offset[-1][node[alerts], fault[alerts]] * settings.ordinary_ratio,
            size=units[node[alerts]].sum(axis=1),
        )
        cause[alerts] = alerts[found]
    return cause


def _beside_alerts(tree: Tree, ever: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes × faults that an alert is to be seen beside: those of its product; suppliers and products all."""
    out = np.zeros(ever.shape, bool)
    if tree.is_coding or not ever.any():
        return out
    sku, level = tree.nodes["sku"].to_numpy(), tree.nodes["level"].to_numpy()
    for fault in np.flatnonzero(ever.any(axis=0)):
        skus = {one for one in sku[ever[:, fault]] if one is not None}
        out[:, fault] = np.isin(level, [LEVELS.index("sku"), LEVELS.index("supplier")])
        out[:, fault] |= np.isin(level, [LEVELS.index("lot"), LEVELS.index("delivery_month")]) & np.array(
            [one in skus for one in sku]
        )
    return out


def _reasons(watch: Watch, settings: Settings) -> list[str | None]:
    """Why each node cannot be watched; None where it can."""
    tree, evidence = watch.tree, watch.evidence
    if tree.is_coding:
        least = int(settings.minimum_diagnoses)
        return [
            f"Fewer diagnosed claims than are needed: {least}"
            if claims < least
            else UNIFORM
            if codes == 1
            else None
            for claims, codes in tree.nodes.select("sold", "codes").iter_rows()
        ]
    rows = zip(evidence.born_period, evidence.has_peers, watch.is_alone, strict=True)
    return [
        f"Fewer units at risk at any time than are needed: {settings.minimum_units:g}"
        if born < 0
        else (None if has_peers or (is_alone and watch.source) else NOTHING_ALIKE)
        for born, has_peers, is_alone in rows
    ]


def _is_any_shown(watch: Watch, is_watched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes that have a row for claims of any kind; of workshops those that cannot be judged, to say why."""
    if watch.tree.is_coding:
        return ~is_watched
    return is_watched | (watch.tree.nodes["level"].to_numpy() <= 1)


def _method(tree: Tree, is_alone: bool) -> str:
    return "coding" if tree.is_coding else "expectation" if is_alone else "comparison"


def _comparison(watch: Watch, is_alone: bool) -> str:
    if watch.tree.is_coding:
        return "How other workshops code claims of the same family in the same month"
    if is_alone:
        return (
            f"Rates by age of {watch.source}: season and kind do not cancel"
            if watch.source
            else "Nothing alike"
        )
    power = f", {watch.tree.power_source}" if watch.tree.power_source else ""
    return f"Units of the same age in the same month: {watch.tree.family_code}{power}"


def _ids(base: pl.DataFrame, tree: Tree) -> list[str]:
    """A key that stays: name=value of what the node is, in a fixed order."""
    first = [f"family_code={tree.family_code}"] if tree.family_code else []
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
