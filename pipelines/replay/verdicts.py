"""Replays one policy version over every claim with a verdict: read-only, on one cursor of the published file.

Distinct combinations of facts are matched once, in numpy; claims only join the answer, in DuckDB.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import duckdb
import numpy as np
import polars as pl

from pipelines.errors import SavoirError
from pipelines.queries.snapshot import Snapshot
from pipelines.replay.estimates import MOVES, Estimate, estimates, margin_sql
from pipelines.replay.matching import first_matches
from pipelines.replay.numbers import ChangedNumber, Numbers
from pipelines.replay.prices import cost_sql, salvage_weight_sql, work_weight_sql
from pipelines.replay.rules import PAYER_COLUMNS, Rule
from pipelines.replay.vocabulary import Vocabulary

SIDES = ("before", "after", "legal")
# What is missing comes first: the costs of the claim, else a verdict that decides nothing yet.
_WHY_UNPRICED = """
    case
        when before_eur is not null and after_eur is not null then null
        when unpriced_reason is not null then unpriced_reason
        when before_outcome is null then 'no policy was in force at the request'
        when before_priced_as = 'undecided' then concat('undecided on record: ', before_outcome)
        else concat('undecided in the replay: ', after_outcome)
    end
"""


class UnknownFactError(SavoirError):
    """A claim holds a fact that the decision table has no word for."""


@dataclass(frozen=True)
class Replay:
    """What one version would have said.

    matrix: before_outcome, after_outcome, claims, change_eur, unpriced. unpriced: reason, claims.
    moved: one row per claim whose verdict or payers change. numbers: those that differ from now.
    """

    version: str
    claims: int
    flips: int
    payer_changes: int
    open_flips: int
    estimates: tuple[Estimate, ...]
    matrix: pl.DataFrame
    unpriced: pl.DataFrame
    moved: pl.DataFrame
    numbers: tuple[ChangedNumber, ...] = ()


def replay(
    snapshot: Snapshot,
    rules: Sequence[Rule],
    words: Vocabulary,
    numbers: Numbers | None = None,
    changes: Sequence[ChangedNumber] = (),
) -> Replay:
    """The verdicts of `rules` (one version, in order of priority) against those on record.

    Facts are those on record; with `numbers`, those that depend on a version's numbers are made from them.
    """
    with closing(snapshot.connection.cursor()) as cursor:
        _combine(cursor, words, numbers)
        verdicts = _verdicts(_combinations(cursor), rules)
        cursor.register("verdicts", verdicts.to_arrow())
        cursor.execute(_replayed_sql())
        claims, flips, payer_changes, open_flips = cursor.execute(
            """
            select count(*), count_if(is_flip), count_if(is_payer_change and not is_flip),
                count_if(is_flip and is_open)
            from replayed
            """
        ).fetchone() or (0, 0, 0, 0)
        return Replay(
            rules[0].version,
            claims,
            flips,
            payer_changes,
            open_flips,
            tuple(estimates(cursor)),
            _frame(cursor, _MATRIX_SQL),
            _frame(cursor, _UNPRICED_SQL),
            _frame(cursor, _MOVED_SQL),
            tuple(changes),
        )


def _frame(cursor: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    return pl.DataFrame(cursor.execute(sql).to_arrow_table())


def _combine(cursor: duckdb.DuckDBPyConnection, words: Vocabulary, numbers: Numbers | None) -> None:
    """The combination of each claim with a verdict, under `numbers`."""
    facts, source = None, "marts.fct_claim_verdicts"
    if numbers is not None:
        literals = {name: number.sql for name, number in numbers.items()}
        facts, source = "facts", f"{source} join ({words.facts_sql(literals)}) as facts using (ticket_id)"
    cursor.execute(
        f"""
        create or replace temp table combined as
        select ticket_id, {words.combination_sql(facts)} as combination from {source}
        """
    )


def _combinations(cursor: duckdb.DuckDBPyConnection) -> np.ndarray:
    keys = cursor.execute("select distinct combination from combined order by 1").fetchnumpy()["combination"]
    if np.ma.is_masked(keys):
        raise UnknownFactError(
            "A claim of the published file holds a fact that its decision table has no word for. "
            "Run `savoir build`: its checks name the column."
        )
    return np.asarray(keys, np.int64)


def _verdicts(combinations: np.ndarray, rules: Sequence[Rule]) -> pl.DataFrame:
    """The deciding rule of each combination; a checked rule set leaves none undecided."""
    found = [rules[position] for position in first_matches(combinations, [rule.cover for rule in rules])]
    payers = {
        column: pl.Series([rule.payers[place] for rule in found], dtype=pl.String)
        for place, column in enumerate(PAYER_COLUMNS)
    }
    return pl.DataFrame(
        {
            "combination": pl.Series(combinations, dtype=pl.Int64),
            "rule_code": pl.Series([rule.code for rule in found], dtype=pl.String),
            "outcome": pl.Series([rule.outcome for rule in found], dtype=pl.String),
            **payers,
        }
    )


def _replayed_sql() -> str:
    """One row per claim: its verdict on record, replayed and legal, each with its cost and weights."""
    sides = ", ".join(
        f"""
        coalesce({side}.kind, 'none') as {side}_kind,
        coalesce({side}.priced_as, 'undecided') as {side}_priced_as,
        units * ({cost_sql(f"{side}.priced_as", f"{side}_payer")}) as {side}_eur,
        units * ({work_weight_sql(f"{side}.priced_as", f"{side}_payer")}) as {side}_work,
        units * ({salvage_weight_sql(f"{side}.priced_as")}) as {side}_salvage,
        coalesce({side}.owed_rank < legal.owed_rank, false) as is_{side}_below
        """
        for side in SIDES
    )
    changed = " or ".join(f"before_{column} is distinct from after_{column}" for column in PAYER_COLUMNS)
    return f"""
        create temp table replayed as
        with facts as (
            select
                ticket_id, claims.requested_on, claims.sku, claims.family_code, claims.is_open,
                claims.actual_outcome,
                claims.policy_rule_id as before_rule, claims.policy_outcome as before_outcome,
                {", ".join(f"policy_{column} as before_{column}" for column in PAYER_COLUMNS)},
                claims.legal_outcome, {", ".join(f"legal_{column}" for column in PAYER_COLUMNS)}, combination
            from marts.fct_claims as claims
            join marts.fct_claim_verdicts using (ticket_id)
            join combined using (ticket_id)
        ), claims as (
            select
                facts.*, verdicts.rule_code as after_rule, verdicts.outcome as after_outcome,
                {", ".join(f"verdicts.{column} as after_{column}" for column in PAYER_COLUMNS)}
            from facts
            join verdicts using (combination)
        ), prices as (
            select * exclude (sku, family_code, requested_on) from marts.fct_outcome_prices
        )
        select
            claims.* exclude (combination), before_outcome is distinct from after_outcome as is_flip,
            {changed} as is_payer_change, {sides}, prices.* exclude (ticket_id)
        from claims
        join prices using (ticket_id)
        left join marts.dim_verdict_outcomes as before on before_outcome = before.outcome
        join marts.dim_verdict_outcomes as after on after_outcome = after.outcome
        left join marts.dim_verdict_outcomes as legal on legal_outcome = legal.outcome
    """


_MATRIX_SQL = f"""
    select
        before_outcome, after_outcome, count(*) as claims,
        sum(case when {MOVES} then after_eur - before_eur end) as change_eur,
        count_if({MOVES} and (after_eur is null or before_eur is null)) as unpriced
    from replayed
    group by all
    order by claims desc, before_outcome, after_outcome
"""

_UNPRICED_SQL = f"""
    select {_WHY_UNPRICED} as reason, count(*) as claims
    from replayed
    where {MOVES} and (before_eur is null or after_eur is null)
    group by all
    order by claims desc, reason
"""

_MOVED_SQL = f"""
    select
        ticket_id, requested_on, sku, family_code, units, before_outcome, after_outcome, legal_outcome,
        actual_outcome, is_flip, is_open, before_rule, after_rule, is_before_below, is_after_below,
        cast(before_eur as decimal(18,2)) as before_eur, cast(after_eur as decimal(18,2)) as after_eur,
        cast(after_eur - before_eur as decimal(18,2)) as change_eur,
        case when before_eur is not null and after_eur is not null then {margin_sql("after", "before")} end
            as change_margin_eur,
        {_WHY_UNPRICED} as unpriced_reason
    from replayed
    where {MOVES}
    order by requested_on, ticket_id
"""
