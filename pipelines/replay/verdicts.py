"""Replays one policy version over every claim with a verdict: read-only, on one cursor of the published file.

Distinct combinations of facts are matched once, in numpy; claims only join the answer. Intervals: of money from
the variances of unknown costs; of counts by Poisson limits of the claims that move either way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from pipelines.errors import SavoirError
from pipelines.queries.intervals import Interval, poisson
from pipelines.queries.snapshot import Snapshot
from pipelines.replay.matching import first_matches
from pipelines.replay.prices import cost_sql, salvage_weight_sql, work_weight_sql
from pipelines.replay.rules import Rule
from pipelines.replay.vocabulary import Vocabulary

_Z = 1.959963984540054
_SIDES = ("before", "after", "legal")


class UnknownFactError(SavoirError):
    """A claim holds a fact that the decision table has no word for."""


@dataclass(frozen=True)
class Estimate:
    """A number before and after, its change, and the 95 % interval of the change. `claims` is what it rests on."""

    name: str
    before: float | None
    after: float | None
    change: float
    low: float
    high: float
    claims: int


@dataclass(frozen=True)
class Replay:
    """What one version would have said."""

    version: str
    claims: int
    flips: int
    payer_changes: int
    open_flips: int
    estimates: tuple[Estimate, ...]
    matrix: pl.DataFrame
    unpriced: pl.DataFrame
    moved: pl.DataFrame


def replay(snapshot: Snapshot, rules: Sequence[Rule], words: Vocabulary) -> Replay:
    """The verdicts of `rules` (one version, in order of priority) against those on record."""
    with closing(snapshot.connection.cursor()) as cursor:
        combinations = _combinations(cursor, words)
        cursor.register("verdicts", _verdicts(combinations, rules, words).to_arrow())
        cursor.register("outcomes", _outcomes(words).to_arrow())
        cursor.execute(_replayed_sql(words))
        return _summed(cursor, rules[0].version)


def _combinations(cursor: duckdb.DuckDBPyConnection, words: Vocabulary) -> np.ndarray:
    keys = cursor.execute(
        f"select distinct {words.combination_sql()} as combination from marts.fct_claims where is_judged order by 1"
    ).fetchnumpy()["combination"]
    if np.ma.is_masked(keys):
        raise UnknownFactError(
            "A claim of the published file holds a fact that its decision table has no word for. "
            "Run `savoir build`: its checks name the column."
        )
    return np.asarray(keys, np.int64)


def _verdicts(combinations: np.ndarray, rules: Sequence[Rule], words: Vocabulary) -> pl.DataFrame:
    found = [rules[position] for position in first_matches(combinations, [rule.cover for rule in rules])]
    return pl.DataFrame(
        {
            "combination": combinations,
            "rule_code": [rule.code for rule in found],
            "outcome": [rule.outcome for rule in found],
            "payer_inbound": [rule.payers[0] for rule in found],
            "payer_work": [rule.payers[1] for rule in found],
            "payer_outbound": [rule.payers[2] for rule in found],
        },
        schema_overrides={
            name: pl.String
            for name in ("rule_code", "outcome", "payer_inbound", "payer_work", "payer_outbound")
        },
    )


def _outcomes(words: Vocabulary) -> pl.DataFrame:
    each = words.outcomes.values()
    return pl.DataFrame(
        {
            "outcome": [outcome.code for outcome in each],
            "kind": [outcome.kind for outcome in each],
            "priced_as": [outcome.priced_as for outcome in each],
            "owed_rank": [outcome.owed_rank for outcome in each],
        }
    )


def _replayed_sql(words: Vocabulary) -> str:
    """One row per claim with its verdict on record, replayed and legal, each with its cost and weights."""
    sides = ",\n".join(
        f"""
        {side}.kind as {side}_kind, {side}.priced_as as {side}_priced_as,
        prices.units * ({cost_sql(f"{side}.priced_as", f"claims.{side}_payer")}) as {side}_eur,
        prices.units * ({work_weight_sql(f"{side}.priced_as", f"claims.{side}_payer")}) as {side}_work,
        prices.units * ({salvage_weight_sql(f"{side}.priced_as")}) as {side}_salvage,
        coalesce({side}.owed_rank < legal.owed_rank, false) as is_{side}_below
        """
        for side in _SIDES
    )
    return f"""
        create temp table replayed as
        with facts as (
            select
                ticket_id, order_id, sku, family_code, requested_on, is_open, policy_version, policy_rule_id,
                policy_outcome as before_outcome, policy_payer_inbound as before_payer_inbound,
                policy_payer_work as before_payer_work, policy_payer_outbound as before_payer_outbound,
                legal_outcome, legal_payer_inbound, legal_payer_work, legal_payer_outbound, actual_outcome,
                {words.combination_sql()} as combination
            from marts.fct_claims
            where is_judged
        ), claims as (
            select
                facts.*, verdicts.rule_code, verdicts.outcome as after_outcome,
                verdicts.payer_inbound as after_payer_inbound, verdicts.payer_work as after_payer_work,
                verdicts.payer_outbound as after_payer_outbound
            from facts
            join verdicts using (combination)
        )
        select
            claims.* exclude (combination),
            before_outcome <> after_outcome as is_flip,
            before_payer_inbound is distinct from after_payer_inbound
                or before_payer_work is distinct from after_payer_work
                or before_payer_outbound is distinct from after_payer_outbound as is_payer_change,
            {sides},
            prices.units, prices.unpriced_reason, prices.cell, prices.work_variance, prices.salvage_variance,
            prices.work_salvage_covariance, prices.work_per_level_eur, prices.salvage_per_level_eur,
            prices.level_variance, prices.repeat_repair_probability
        from claims
        join marts.fct_outcome_prices as prices using (ticket_id)
        join outcomes as before on claims.before_outcome = before.outcome
        join outcomes as after on claims.after_outcome = after.outcome
        join outcomes as legal on claims.legal_outcome = legal.outcome
    """


def _summed(cursor: duckdb.DuckDBPyConnection, version: str) -> Replay:
    def frame(sql: str) -> pl.DataFrame:
        return pl.DataFrame(cursor.execute(sql).to_arrow_table())

    def row(sql: str) -> tuple[float, ...]:
        return tuple(float(value) for value in cursor.execute(sql).fetchone() or ())

    claims, flips, payer_changes, open_flips = map(
        int,
        row(
            """
            select count(*), count_if(is_flip), count_if(is_payer_change and not is_flip),
                count_if(is_flip and is_open)
            from replayed
            """
        ),
    )
    flipped = poisson(flips) if flips else Interval(0.0, 0.0)
    estimates = [
        Estimate("flips", None, None, flips, flipped.low or 0.0, flipped.high or 0.0, claims),
        _cost(cursor),
        _deferred(cursor),
        _count(row, "refusals", "before_kind = 'refusal'", "after_kind = 'refusal'"),
        _repeats(row),
        _count(row, "below_law", "is_before_below", "is_after_below"),
        _exposure(cursor),
    ]
    return Replay(
        version,
        claims,
        flips,
        payer_changes,
        open_flips,
        tuple(each for each in estimates if each is not None),
        frame(
            """
            select before_outcome, after_outcome, count(*) as claims,
                sum(case when is_flip or is_payer_change then after_eur - before_eur end) as change_eur,
                count_if((is_flip or is_payer_change) and (after_eur is null or before_eur is null)) as unpriced
            from replayed group by all order by claims desc, before_outcome, after_outcome
            """
        ),
        frame(
            f"""
            select {_WHY_UNPRICED} as reason, count(*) as claims
            from replayed
            where (is_flip or is_payer_change) and (after_eur is null or before_eur is null)
            group by all order by claims desc, reason
            """
        ),
        frame(
            f"""
            select
                ticket_id, requested_on, sku, family_code, units, before_outcome, after_outcome, legal_outcome,
                actual_outcome, policy_rule_id as before_rule, rule_code as after_rule, is_open,
                is_after_below as is_below_law, cast(before_eur as decimal(18,2)) as before_eur,
                cast(after_eur as decimal(18,2)) as after_eur,
                cast(after_eur - before_eur as decimal(18,2)) as change_eur,
                cast(round({_Z} * sqrt(greatest({_variance("after", "before")}, 0)), 2)
                    as decimal(18,2)) as change_margin_eur,
                case when after_eur is null or before_eur is null then {_WHY_UNPRICED} end as unpriced_reason
            from replayed
            where is_flip or is_payer_change
            order by requested_on, ticket_id
            """
        ),
    )


_WHY_UNPRICED = """
    coalesce(
        unpriced_reason,
        case when before_priced_as = 'undecided' then concat('not decided on record: ', before_outcome) end,
        case when after_priced_as = 'undecided' then concat('not decided in the replay: ', after_outcome) end
    )
"""


def _weights(more: str, less: str) -> tuple[str, str]:
    return f"({more}_work - {less}_work)", f"({more}_salvage - {less}_salvage)"


def _variance(more: str, less: str) -> str:
    work, salvage = _weights(more, less)
    return f"""(
        {work} * {work} * cast(work_variance as double) + {salvage} * {salvage} * cast(salvage_variance as double)
        - 2 * {work} * {salvage} * cast(work_salvage_covariance as double)
    )"""


def _sum(
    cursor: duckdb.DuckDBPyConnection, amount: str, work: str, salvage: str, where: str
) -> tuple[float, float, int]:
    """A total, its standard deviation, and the claims in it.

    Claims of one cell share the error of its level: their covariance is level variance × sensitivity ×
    sensitivity, so the cell adds level variance × ((Σd)² − Σd²) to the variances of its claims.
    """
    total, variance, claims = cursor.execute(
        f"""
        with each as (
            select
                {amount} as amount, cell, cast(level_variance as double) as level_variance,
                {work} * {work} * cast(work_variance as double)
                    + {salvage} * {salvage} * cast(salvage_variance as double)
                    - 2 * {work} * {salvage} * cast(work_salvage_covariance as double) as variance,
                case when level_variance > 0 then {work} * cast(work_per_level_eur as double)
                    - {salvage} * cast(salvage_per_level_eur as double) else 0 end as sensitivity
            from replayed
            where {where}
        ), cells as (
            select
                sum(amount) as amount, sum(variance) as variance, max(level_variance) as level_variance,
                sum(sensitivity) as sensitivity, sum(sensitivity * sensitivity) as squares, count(*) as claims
            from each
            where amount is not null
            group by cell
        )
        select coalesce(sum(amount), 0),
            coalesce(sum(variance + coalesce(level_variance, 0) * (sensitivity * sensitivity - squares)), 0),
            coalesce(sum(claims), 0)
        from cells
        """
    ).fetchone() or (0, 0, 0)
    return float(total), math.sqrt(max(float(variance), 0.0)), int(claims)


def _cost(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    where = "(is_flip or is_payer_change) and before_eur is not null and after_eur is not null"
    change, spread, claims = _sum(cursor, "after_eur - before_eur", *_weights("after", "before"), where)
    before, _, _ = _sum(cursor, "before_eur", "before_work", "before_salvage", where)
    margin = _Z * spread
    return Estimate("cost", before, before + change, change, change - margin, change + margin, claims)


def _deferred(cursor: duckdb.DuckDBPyConnection) -> Estimate | None:
    """Claims that only one of the two policies decides: their euros are put off or brought forward, not saved."""
    where = "is_flip and unpriced_reason is null and (before_eur is null) <> (after_eur is null)"
    change, spread, claims = _sum(
        cursor,
        "coalesce(after_eur, 0) - coalesce(before_eur, 0)",
        *_weights("after", "before"),
        where,
    )
    margin = _Z * spread
    return (
        Estimate("deferred", None, None, change, change - margin, change + margin, claims) if claims else None
    )


def _exposure(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    """What the legal verdicts would have cost more, over the claims that are below them; a claim owes no less than 0."""

    def gap(side: str) -> str:
        return f"case when is_{side}_below then greatest(legal_eur - coalesce({side}_eur, 0), 0) else 0 end"

    def weight(side: str, kind: str) -> str:
        is_owed = f"is_{side}_below and legal_eur > coalesce({side}_eur, 0)"
        return f"case when {is_owed} then legal_{kind} - {side}_{kind} else 0 end"

    below = "(is_before_below or is_after_below)"
    before, _, _ = _sum(cursor, gap("before"), "0", "0", below)
    change, spread, claims = _sum(
        cursor,
        f"({gap('after')}) - ({gap('before')})",
        f"(({weight('after', 'work')}) - ({weight('before', 'work')}))",
        f"(({weight('after', 'salvage')}) - ({weight('before', 'salvage')}))",
        below,
    )
    margin = _Z * spread
    return Estimate("exposure", before, before + change, change, change - margin, change + margin, claims)


def _count(row, name: str, before: str, after: str) -> Estimate:
    """A count of claims. Gains and losses are Poisson; the difference takes its limits from theirs (MOVER)."""
    had, has, gained, lost, claims = row(
        f"""
        select count_if({before}), count_if({after}), count_if({after} and not {before}),
            count_if({before} and not {after}), count(*)
        from replayed
        """
    )
    change = gained - lost
    low, high = change, change
    if gained or lost:
        more, less = poisson(gained), poisson(lost)
        low -= math.hypot(gained - (more.low or 0), (less.high or 0) - lost)
        high += math.hypot((more.high or 0) - gained, lost - (less.low or 0))
    return Estimate(name, had, has, change, low, high, int(claims))


def _repeats(row) -> Estimate:
    """Repairs expected to fail again: each fails with the probability of its day, by itself."""
    probability = "units * coalesce(repeat_repair_probability, 0)"
    is_before, is_after = "(before_priced_as = 'repair')", "(after_priced_as = 'repair')"
    before, after, variance, claims = row(
        f"""
        select
            coalesce(sum(case when {is_before} then {probability} else 0 end), 0),
            coalesce(sum(case when {is_after} then {probability} else 0 end), 0),
            coalesce(sum(case when {is_before} <> {is_after}
                then {probability} * (1 - coalesce(repeat_repair_probability, 0)) else 0 end), 0),
            count_if({is_before} or {is_after})
        from replayed
        """
    )
    margin = _Z * math.sqrt(variance)
    change = after - before
    return Estimate("repeat_repairs", before, after, change, change - margin, change + margin, int(claims))
