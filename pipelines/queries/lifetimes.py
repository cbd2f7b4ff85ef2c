"""Failure rates by months in service, read from the life table: nothing is computed here.

A rate is `cumulative` at the end of an age month. What goes with it (units, failures, how many units were
watched into that month, maturity, whether there is enough to say) are columns of the same row.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.queries.measures import values_by
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot

MONTHS = (3, 12, 24)

_COLUMNS = """
    scope_type, scope_id, cohort, cause, age_month, hazard, cumulative, cumulative_low, cumulative_high,
    units, at_risk as watched, cumulative_events as events, maturity, is_enough
"""


def scope_key(scope: Scope) -> tuple[str, str]:
    """scope_type and scope_id of the life table that answers for a scope: sku, else family, else all."""
    if scope.sku is not None:
        return "sku", scope.sku
    if scope.family_code is not None:
        return "family", scope.family_code
    return "all", "all"


def life_curve(snapshot: Snapshot, scope: Scope, cause: str = "defect") -> pl.DataFrame:
    """The whole life table of one scope, all delivery months together: one row per month in service."""
    return _read(snapshot, "scope_type = ? and scope_id = ? and cohort is null", [*scope_key(scope), cause])


def failure_rates(
    snapshot: Snapshot, scope: Scope, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates of one scope at the asked ages. An age that no unit has reached yet has no row."""
    return life_curve(snapshot, scope, cause).filter(pl.col("age_month").is_in(months))


def rates_by(
    snapshot: Snapshot, scope_type: str, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates of every family (or sku, or supplier) at the asked ages."""
    rates = _read(snapshot, "scope_type = ? and cohort is null", [scope_type, cause])
    return rates.filter(pl.col("age_month").is_in(months))


def rates_by_cohort(
    snapshot: Snapshot, scope: Scope, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates at the asked ages by month of delivery. Only families and the whole have cohorts."""
    key = scope_key(Scope(family_code=scope.family_code))
    rates = _read(snapshot, "scope_type = ? and scope_id = ? and cohort is not null", [*key, cause])
    return rates.filter(pl.col("age_month").is_in(months))


def _read(snapshot: Snapshot, condition: str, parameters: list[str]) -> pl.DataFrame:
    return snapshot.rows(
        f"select {_COLUMNS} from marts.fct_life_table where {condition} and cause = ? "
        "order by scope_type, scope_id, cohort, cause, age_month",
        parameters,
    )


def nevada(snapshot: Snapshot, scope: Scope, name: str = "failure_rate") -> pl.DataFrame:
    """The Nevada chart of a scope: a rate by delivery month and claim month, its events and units at risk."""
    return values_by(snapshot, "fct_nevada", [name], ["delivery_month", "claim_month"], scope).drop("measure")


def causes(snapshot: Snapshot, scope: Scope) -> list[str]:
    """The causes that the life table of a scope is made for."""
    found = snapshot.rows(
        "select distinct cause from marts.fct_life_table "
        "where scope_type = ? and scope_id = ? and cohort is null order by cause",
        list(scope_key(scope)),
    )
    return found["cause"].to_list()
