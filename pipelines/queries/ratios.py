"""Intervals of means and of ratios of sums: cost per claim, cost over sales, recovered over paid.

Amounts have no formula of counts, so the rows are dealt into GROUPS by a hash of their key and the ratio is
taken once more without each group: the delete-a-group jackknife. What the ratio itself is, the marts declare.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
from scipy.special import stdtrit

from pipelines.queries import intervals
from pipelines.queries.measures import Value, measure, values_by
from pipelines.queries.scopes import EVERYTHING, Scope
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

GROUPS = 40
_T = float(stdtrit(GROUPS - 1, 0.5 + intervals.LEVEL / 2))
# What is dealt as a whole, and the measure that counts the cases a ratio rests on.
_DEALT = {
    "fct_claims": ("ticket_id", "claims"),
    "fct_remedy_costs": ("ticket_id", "claims"),
    "fct_order_lines": ("order_id", "claims_per_1000"),
}
_SUMS = ("events", "n")


def jackknife(numerators: Sequence[float], denominators: Sequence[float]) -> intervals.Interval:
    """θ ± t·√((G−1)/G · Σ(θ₋g − mean)²), θ₋g the ratio without group g.

    Wolter, Introduction to Variance Estimation, 2nd ed. (2007), section 4.2. Groups that hold nothing are
    given as zeros: they shift nothing.
    """
    top, bottom, groups = math.fsum(numerators), math.fsum(denominators), len(numerators)
    without = [bottom - each for each in denominators]
    if groups < 2 or bottom <= 0 or min(without) <= 0:
        return intervals.NONE
    parts = [(top - each) / rest for each, rest in zip(numerators, without, strict=True)]
    middle = math.fsum(parts) / groups
    spread = _T * math.sqrt((groups - 1) / groups * math.fsum((part - middle) ** 2 for part in parts))
    return intervals.Interval(top / bottom - spread, top / bottom + spread)


def ratios_by(
    snapshot: Snapshot,
    mart: str,
    names: Sequence[str],
    by: Sequence[str],
    scope: Scope = EVERYTHING,
    among: tuple[str, Sequence[str]] | None = None,
) -> pl.DataFrame:
    """As `values_by`, for ratios of amounts, with the jackknife's interval and `cases`, the claims behind.

    `among` keeps the rows whose column has one of the values: numerators and denominators are additive.
    """
    key, counter = _DEALT[mart]
    keys = [each.rpartition(" as ")[2] for each in by]
    kept = [among[0]] if among else []
    groups = [*by, *kept, f"hash({key}) % {GROUPS} as dealt"]
    dealt = values_by(snapshot, mart, [*names, counter], groups, scope)
    if among:
        dealt = dealt.filter(pl.col(among[0]).is_in(among[1]))
    parts = dealt.group_by([*keys, "measure", "dealt"], maintain_order=True).agg(pl.col(_SUMS).sum())
    summed = parts.group_by([*keys, "measure"], maintain_order=True).agg(pl.col(_SUMS))
    counted: dict[tuple[Any, ...], float] = {
        tuple(row[each] for each in keys): math.fsum(row["events"])
        for row in summed.filter(pl.col("measure") == counter).iter_rows(named=True)
    }
    rows = []
    for row in summed.filter(pl.col("measure") != counter).iter_rows(named=True):
        empty = [0.0] * (GROUPS - len(row["events"]))
        low, high = jackknife(row["events"] + empty, row["n"] + empty)
        events, n = math.fsum(row["events"]), math.fsum(row["n"])
        declared = measure(snapshot, mart, row["measure"])
        cases = counted[tuple(row[each] for each in keys)]
        # The denominator of a mean counts what the amounts are known of; that of a rate is an amount itself.
        if declared.kind == "mean" and mart != "fct_order_lines":
            cases = n
        rows.append(
            {each: row[each] for each in keys}
            | {"measure": row["measure"], "value": events / n if n > 0 else None, "events": events, "n": n}
            | {"low": low, "high": high, "cases": cases}
            | {"is_enough": cases >= threshold(snapshot, "minimum_units_at_risk")}
        )
    schema = {each: dealt.schema[each] for each in keys} | {"measure": pl.String} | _SCHEMA
    return pl.DataFrame(rows, schema=schema).sort([*keys, "measure"], nulls_last=True)


_SCHEMA = dict.fromkeys(("value", "events", "n", "low", "high", "cases"), pl.Float64) | {
    "is_enough": pl.Boolean
}


def ratios(
    snapshot: Snapshot, mart: str, names: Sequence[str], scope: Scope = EVERYTHING
) -> dict[str, Value]:
    """Each named ratio over the whole scope. Where nothing is in scope, the value is None."""
    found = {row["measure"]: row for row in ratios_by(snapshot, mart, names, [], scope).iter_rows(named=True)}
    nothing = {"value": None, "events": 0.0, "n": 0.0, "low": None, "high": None, "is_enough": False}
    return {
        name: Value(
            measure(snapshot, mart, name),
            *(
                found.get(name, nothing)[part]
                for part in ("value", "events", "n", "low", "high", "is_enough")
            ),
        )
        for name in names
    }
