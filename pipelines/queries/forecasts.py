"""Claims and cost to come from the units in service, and how past forecasts stood the test."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.queries.measures import Value, values, values_by
from pipelines.queries.scopes import Scope, scope_key
from pipelines.queries.snapshot import Snapshot

MART = "fct_forecasts"
SCORES = "fct_forecast_scores"
SCORED = ("coverage", "bias", "relative_error")
HISTORY_MONTHS = 24
# How far ahead a past forecast can be looked at.
LEADS = (1, 3, 6, 12)

_NEWEST = f"as_of = (select max(as_of) from marts.{MART})"
_COLUMNS = """
    as_of, forecast_month, months_ahead, units_in_service, known_claims, curve, expected_claims, low, high,
    expected_cost_eur::double as expected_cost_eur, cost_low::double as cost_low,
    cost_high::double as cost_high, cumulative_claims, cumulative_low, cumulative_high,
    cumulative_cost_eur::double as cumulative_cost_eur, cumulative_cost_low::double as cumulative_cost_low,
    cumulative_cost_high::double as cumulative_cost_high, mean_cost_eur::double as mean_cost_eur, doubt
"""


def outlook(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The newest forecast of a scope (sku, else family, else all): one row per future month."""
    return snapshot.rows(
        f"select {_COLUMNS} from marts.{MART} where {_NEWEST} and scope_type = ? and scope_id = ? "
        "order by forecast_month",
        list(scope_key(scope)),
    )


def history(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Units claimed in the last HISTORY_MONTHS months: month, claims, is_complete (the month is over)."""
    found = values_by(snapshot, "fct_nevada", ["claimed_units"], ["claim_month as month"], scope)
    as_of: date = snapshot.rows("select max(as_of) from meta.build").item()
    return (
        found.select("month", claims=pl.col("events").cast(pl.Int64))
        .sort("month")
        .tail(HISTORY_MONTHS)
        .with_columns(is_complete=pl.col("month").dt.month_end() <= as_of)
    )


def reserves(snapshot: Snapshot) -> pl.DataFrame:
    """What the guarantees still running will cost, by family: the last row of each newest forecast."""
    return snapshot.rows(
        f"select scope_id as family_code, {_COLUMNS} from marts.{MART} "
        f"where {_NEWEST} and scope_type = 'family' and is_last_month "
        "order by cumulative_cost_eur desc nulls last, scope_id"
    )


def past(snapshot: Snapshot, scope: Scope, months_ahead: int) -> pl.DataFrame:
    """Past forecasts made so many months ahead, and what came. A sku has none: its family answers."""
    return snapshot.rows(
        f"""
        select as_of, forecast_month as month, expected_claims, low, high, actual_claims, is_covered
        from marts.{MART}
        where is_outcome_known and expected_claims is not null and months_ahead = ?
            and scope_type = ? and scope_id = ?
        order by forecast_month
        """,
        [months_ahead, *scope_key(Scope(family_code=scope.family_code))],
    )


def scores(snapshot: Snapshot, scope: Scope) -> tuple[dict[str, Value], int, int]:
    """Coverage, bias and error of past forecasts of a scope; the forecasts and the claims they rest on."""
    found = values(snapshot, SCORES, SCORED, Scope(family_code=scope.family_code))
    return found, int(found["coverage"].n or 0), int(found["bias"].n or 0)


def scores_by_lead(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """By months ahead: months_ahead, held, forecasts, came, coverage, bias, relative_error."""
    found = values_by(snapshot, SCORES, SCORED, ["months_ahead"], Scope(family_code=scope.family_code))
    return _wide(found, "months_ahead").sort("months_ahead")


def scores_by_family(snapshot: Snapshot, families: list[str]) -> pl.DataFrame:
    """By family: family_code, held, forecasts, came, coverage, bias, relative_error."""
    found = [
        values_by(snapshot, SCORES, SCORED, ["scope_id as family_code"], Scope(family_code=family))
        for family in families
    ]
    return _wide(pl.concat(found), "family_code").sort("family_code")


def _wide(found: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row per key: the counts, and the scores that rest on enough of them."""
    known = pl.when(pl.col("is_enough")).then("value")
    columns = (
        *(
            ("coverage", pl.col("events").cast(pl.Int64), "held"),
            ("coverage", pl.col("n").cast(pl.Int64), "forecasts"),
        ),
        *(("bias", pl.col("n").cast(pl.Int64), "came"), *((name, known, name) for name in SCORED)),
    )
    parts = [
        found.filter(pl.col("measure") == name).select(key, what.alias(alias))
        for name, what, alias in columns
    ]
    return pl.concat(parts, how="align_left")
