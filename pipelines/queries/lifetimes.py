"""Failure rates by months in service, read from the life table: pages never recompute them.

A rate is `fct_life_table.cumulative` at the end of an age month; what goes with it (units, failures, how many
units were watched that long) are counts of the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.queries.intervals import MINIMUM_DENOMINATOR
from pipelines.queries.scopes import Scope
from pipelines.queries.snapshot import Snapshot

MONTHS = (3, 12, 24)

# One row per asked series and age: `watched` counts the units still under observation when the month began,
# which is what the last step of the estimate stands on.
_RATES = """
    select
        scope_type, scope_id, cohort, cause, age_month, hazard, cumulative, cumulative_low, cumulative_high,
        cast(first_value(at_risk) over series as bigint) as units,
        cast(at_risk as bigint) as watched,
        cast(sum(events) over series as bigint) as events,
        at_risk >= {minimum} as is_enough,
        -- Even the last unit of the delivery month has been watched to the end of this age month.
        cohort + interval 1 month + to_days(cast(ceil(age_month * 30.4375) as integer))
            <= (select max(as_of) from meta.build) as is_mature
    from marts.fct_life_table
    where {condition}
    window series as (
        partition by scope_type, scope_id, cohort, cause order by age_month
        rows between unbounded preceding and current row
    )
    order by scope_type, scope_id, cohort, cause, age_month
"""


def scope_key(scope: Scope) -> tuple[str, str | None]:
    """scope_type and scope_id of the life table that answers for a scope: sku, else family, else all."""
    if scope.sku is not None:
        return "sku", scope.sku
    if scope.family_code is not None:
        return "family", scope.family_code
    return "all", None


def life_curve(snapshot: Snapshot, scope: Scope, cause: str = "defect") -> pl.DataFrame:
    """The whole life table of one scope, all delivery months together: one row per month in service."""
    scope_type, scope_id = scope_key(scope)
    condition = "scope_type = ? and cause = ? and cohort is null"
    parameters = [scope_type, cause]
    if scope_id is not None:
        condition += " and scope_id = ?"
        parameters.append(scope_id)
    return snapshot.rows(_RATES.format(condition=condition, minimum=MINIMUM_DENOMINATOR), parameters)


def failure_rates(
    snapshot: Snapshot, scope: Scope, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates of one scope at the asked ages."""
    return life_curve(snapshot, scope, cause).filter(pl.col("age_month").is_in(months))


def rates_by(
    snapshot: Snapshot, scope_type: str, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates of every family (or sku, or supplier) at the asked ages."""
    condition = "scope_type = ? and cause = ? and cohort is null"
    rates = snapshot.rows(_RATES.format(condition=condition, minimum=MINIMUM_DENOMINATOR), [scope_type, cause])
    return rates.filter(pl.col("age_month").is_in(months))


def rates_by_cohort(
    snapshot: Snapshot, scope: Scope, cause: str = "defect", months: Sequence[int] = MONTHS
) -> pl.DataFrame:
    """The rates at the asked ages by month of delivery. Only families and the whole have cohorts."""
    scope_type, scope_id = scope_key(Scope(family_code=scope.family_code))
    condition = "scope_type = ? and cause = ? and cohort is not null"
    parameters = [scope_type, cause]
    if scope_id is not None:
        condition += " and scope_id = ?"
        parameters.append(scope_id)
    rates = snapshot.rows(_RATES.format(condition=condition, minimum=MINIMUM_DENOMINATOR), parameters)
    return rates.filter(pl.col("age_month").is_in(months))
