"""Totals over the replayed claims, each with its 95 % interval in closed form.

Reads the temporary table `replayed` that `verdicts.py` makes: one row per claim, its three verdicts (before,
after, legal) each with a cost, and with how often the unknown work and the salvage stand in that cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
from scipy.special import ndtri

from pipelines.queries.intervals import LEVEL, poisson

Z = float(ndtri(0.5 + LEVEL / 2))
MOVES = "(is_flip or is_payer_change)"


@dataclass(frozen=True)
class Estimate:
    """A number before and after, its change and the interval of the change; `claims` is what it rests on."""

    name: str
    before: float | None
    after: float | None
    change: float
    low: float
    high: float
    claims: int


def estimates(cursor: duckdb.DuckDBPyConnection) -> Iterator[Estimate]:
    """What a replay changes, in reading order."""
    yield _flips(cursor)
    yield _cost(cursor)
    deferred = _deferred(cursor)
    if deferred.claims:
        yield deferred
    yield _count(cursor, "refusals", "before_kind = 'refusal'", "after_kind = 'refusal'")
    yield _repeats(cursor)
    yield _count(cursor, "below_law", "is_before_below", "is_after_below")
    yield _exposure(cursor)


def margin_sql(more: str, less: str) -> str:
    """Half the interval of one claim's difference between two verdicts."""
    variance = _variance(*_weights(more, less))
    return f"cast(round({Z} * sqrt(greatest({variance}, 0)), 2) as decimal(18,2))"


def _weights(more: str, less: str) -> tuple[str, str]:
    return f"({more}_work - {less}_work)", f"({more}_salvage - {less}_salvage)"


def _variance(work: str, salvage: str) -> str:
    """Of work × R − salvage × S."""
    return f"""(
        {work} * {work} * cast(work_variance as double)
        + {salvage} * {salvage} * cast(salvage_variance as double)
        - 2 * {work} * {salvage} * cast(work_salvage_covariance as double)
    )"""


def _row(cursor: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, ...]:
    # Over no claim at all DuckDB's sums and counts are null.
    return tuple(float(value or 0) for value in cursor.execute(sql).fetchone() or ())


def _sum(
    cursor: duckdb.DuckDBPyConnection, amount: str, weights: tuple[str, str], where: str
) -> tuple[float, float, int]:
    """A total, half its interval, and the claims in it.

    Claims of one cell share the error of its level: their covariance is level variance × sensitivity ×
    sensitivity, so the cell adds level variance × ((Σd)² − Σd²) to the variances of its claims.
    """
    work, salvage = weights
    total, variance, claims = _row(
        cursor,
        f"""
        with each as (
            select
                {amount} as amount, cell, cast(level_variance as double) as level_variance,
                {_variance(work, salvage)} as variance,
                case when level_variance > 0 then
                    {work} * cast(work_per_level_eur as double)
                    - {salvage} * cast(salvage_per_level_eur as double)
                else 0 end as sensitivity
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
        select
            coalesce(sum(amount), 0),
            coalesce(sum(variance + level_variance * (sensitivity * sensitivity - squares)), 0),
            coalesce(sum(claims), 0)
        from cells
        """,
    )
    return total, Z * math.sqrt(max(variance, 0.0)), int(claims)


def _flips(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    claims, flips = _row(cursor, "select count(*), count_if(is_flip) from replayed")
    limits = poisson(flips)
    low, high = (limits.low or 0.0, limits.high or 0.0) if flips else (0.0, 0.0)
    return Estimate("flips", None, None, flips, low, high, int(claims))


def _cost(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    where = f"{MOVES} and before_eur is not null and after_eur is not null"
    before, _, _ = _sum(cursor, "before_eur", ("before_work", "before_salvage"), where)
    change, margin, claims = _sum(cursor, "after_eur - before_eur", _weights("after", "before"), where)
    return Estimate("cost", before, before + change, change, change - margin, change + margin, claims)


def _deferred(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    """Claims that only one of the two policies decides: euros put off or brought forward, not saved."""
    where = "is_flip and before_outcome is not null and unpriced_reason is null"
    where += " and (before_eur is null) <> (after_eur is null)"
    amount = "coalesce(after_eur, 0) - coalesce(before_eur, 0)"
    change, margin, claims = _sum(cursor, amount, _weights("after", "before"), where)
    return Estimate("deferred", None, None, change, change - margin, change + margin, claims)


def _exposure(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    """What the legal verdicts would cost more, over the claims below them; never less than nothing."""

    def owed(side: str, amount: str) -> str:
        is_owed = f"is_{side}_below and legal_eur > coalesce({side}_eur, 0)"
        return f"(case when {is_owed} then {amount} else 0 end)"

    def gap(side: str) -> str:
        return owed(side, f"legal_eur - coalesce({side}_eur, 0)")

    work, salvage = (
        " - ".join(owed(side, f"legal_{kind} - {side}_{kind}") for side in ("after", "before"))
        for kind in ("work", "salvage")
    )
    # Where the law has decided nothing yet, or nothing has a price, nothing can be owed in euros.
    where = "(is_before_below or is_after_below) and legal_eur is not null"
    before, _, _ = _sum(cursor, gap("before"), ("0", "0"), where)
    change, margin, claims = _sum(
        cursor, f"{gap('after')} - {gap('before')}", (f"({work})", f"({salvage})"), where
    )
    return Estimate("exposure", before, before + change, change, change - margin, change + margin, claims)


def _count(cursor: duckdb.DuckDBPyConnection, name: str, before: str, after: str) -> Estimate:
    """A count of claims. Gains and losses are Poisson; their difference has limits from both (MOVER)."""
    had, has, gained, lost, claims = _row(
        cursor,
        f"""
        select count_if({before}), count_if({after}), count_if({after} and not {before}),
            count_if({before} and not {after}), count(*)
        from replayed
        """,
    )
    change = gained - lost
    low, high = change, change
    if gained or lost:
        more, less = poisson(gained), poisson(lost)
        low -= math.hypot(gained - (more.low or 0.0), (less.high or 0.0) - lost)
        high += math.hypot((more.high or 0.0) - gained, lost - (less.low or 0.0))
    return Estimate(name, had, has, change, low, high, int(claims))


def _repeats(cursor: duckdb.DuckDBPyConnection) -> Estimate:
    """Repairs expected to fail again: each machine by itself, with the probability of its day."""
    is_before, is_after = "(before_priced_as = 'repair')", "(after_priced_as = 'repair')"
    before, after, variance, claims = _row(
        cursor,
        f"""
        with each as (
            select
                *, coalesce(cast(repeat_repair_probability as double), 0) as probability
            from replayed
        )
        select
            coalesce(sum(case when {is_before} then units * probability end), 0),
            coalesce(sum(case when {is_after} then units * probability end), 0),
            coalesce(
                sum(case when {is_before} <> {is_after} then units * probability * (1 - probability) end), 0
            ),
            count_if({is_before} or {is_after})
        from each
        """,
    )
    margin = Z * math.sqrt(variance)
    change = after - before
    return Estimate("repeat_repairs", before, after, change, change - margin, change + margin, int(claims))
