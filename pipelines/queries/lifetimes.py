"""Failure rates by months in service, read from the life table: nothing is computed here.

A rate is `cumulative` at the end of an age month. What goes with it (units, failures, how many units were
watched into that month, maturity, whether there is enough to say) are columns of the same row.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.queries.scopes import Scope, scope_key, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

MONTHS = (3, 12, 24)

_COLUMNS = """
    scope_type, scope_id, cohort, cause, age_month, hazard, cumulative, cumulative_low, cumulative_high,
    units, at_risk as watched, cumulative_events as events, maturity, reported_share, is_too_young, is_enough
"""


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


def rates_among(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """The rates at MONTHS of every family; where the scope names a part, of its products, largest first."""
    if scope.family_code is None and scope.sku is None and scope.supplier_id is None:
        return rates_by(snapshot, "family")
    condition, parameters = where("fct_order_lines", scope.without_period())
    among = snapshot.rows(
        f"select distinct sku as scope_id from marts.fct_order_lines where {condition}", parameters
    )
    found = rates_by(snapshot, "sku").join(among, on="scope_id", how="semi")
    return found.sort("units", "scope_id", descending=[True, False])


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


def causes(snapshot: Snapshot, scope: Scope) -> list[str]:
    """The causes that the life table of a scope is made for."""
    found = snapshot.rows(
        "select distinct cause from marts.fct_life_table "
        "where scope_type = ? and scope_id = ? and cohort is null order by cause",
        list(scope_key(scope)),
    )
    return found["cause"].to_list()


def cohort_curves(snapshot: Snapshot, scope: Scope, cause: str = "defect") -> pl.DataFrame:
    """The life table of every delivery month of a scope: only families and the whole have them.

    A month without enough units at risk has no row: its curve ends where the last sound row does.
    """
    key = scope_key(Scope(family_code=scope.family_code))
    rows = _read(snapshot, "scope_type = ? and scope_id = ? and cohort is not null", [*key, cause])
    return rows.filter("is_enough")


def fits(snapshot: Snapshot, scope: Scope, cause: str = "defect") -> pl.DataFrame:
    """The Weibull curve of a scope in both conventions, the default first, with its limits and its doubt."""
    return snapshot.rows(
        """
        select
            convention, units, events, dated_events, shape, shape_low, shape_high, scale, scale_low,
            scale_high, b10_months, b10_low, b10_high, cumulative_24, cumulative_24_low,
            cumulative_24_high, lognormal_24, lognormal_advantage, is_diverging, is_default, is_enough, doubt
        from marts.fct_reliability_fits
        where scope_type = ? and scope_id = ? and cause = ?
        order by is_default desc
        """,
        [*scope_key(scope), cause],
    )


def causes_compared(snapshot: Snapshot, scope: Scope, age_month: int = 24) -> pl.DataFrame:
    """By cause: share of machines first claimed for it, and claims per 1,000 machines, by a month in service.

    The latest month that machines were watched in, where that is younger. Families and the whole have it.
    """
    return snapshot.rows(
        """
        select
            cause, age_month, watched_units, first_claims, claims, first_share, first_share_low,
            first_share_high, 1000 * claims_per_unit as claims_per_1000,
            1000 * claims_per_unit_low as claims_per_1000_low,
            1000 * claims_per_unit_high as claims_per_1000_high, is_enough
        from marts.fct_claims_by_age
        where scope_type = ? and scope_id = ? and age_month <= ?
        qualify age_month = max(age_month) over ()
        order by cause <> 'any', first_share desc, cause
        """,
        [*scope_key(Scope(family_code=scope.family_code)), age_month],
    )


def weibull_points(snapshot: Snapshot, scope: Scope, cause: str = "defect") -> pl.DataFrame:
    """The life table on Weibull paper: ln(−ln(1 − share)), where a Weibull curve is a straight line."""
    level = "ln(-ln(1 - {}))"
    return snapshot.rows(
        f"""
        select
            age_month, cumulative, cumulative_low, cumulative_high, cumulative_events as events,
            at_risk as watched, units, {level.format("cumulative")} as level,
            {level.format("cumulative_low")} as level_low, {level.format("cumulative_high")} as level_high
        from marts.fct_life_table
        where scope_type = ? and scope_id = ? and cause = ? and cohort is null
            and cumulative_low > 0 and cumulative_high < 1
        order by age_month
        """,
        [*scope_key(scope), cause],
    )


def weibull_line(
    snapshot: Snapshot, scope: Scope, cause: str = "defect", convention: str | None = None
) -> pl.DataFrame:
    """The fitted curve on Weibull paper, shape · (ln age − ln scale), from the first month to the 24th.

    Without a convention that of the default. Limits are there where the fit states them: at 24 months, for
    the share failed by then.
    """
    return snapshot.rows(
        """
        select
            age_month, shape * (ln(age_month) - ln(scale)) as level,
            1 - exp(-pow(age_month / scale, shape)) as cumulative,
            case when age_month = 24 then ln(-ln(1 - cumulative_24_low)) end as level_low,
            case when age_month = 24 then ln(-ln(1 - cumulative_24_high)) end as level_high,
            case when age_month = 24 then cumulative_24_low end as cumulative_low,
            case when age_month = 24 then cumulative_24_high end as cumulative_high
        from marts.fct_reliability_fits
        cross join (select unnest([0.5, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24])::double as age_month)
        where scope_type = ? and scope_id = ? and cause = ? and shape is not null
            and case when ? is null then is_default else convention = ? end
        order by age_month
        """,
        [*scope_key(scope), cause, convention, convention],
    )


def nevada_residuals(snapshot: Snapshot, scope: Scope, column: str, span: str = "month") -> pl.DataFrame:
    """The Nevada chart against its expectation; `column` is failures or claims, `span` month or quarter.

    Expected: what machines of the same family brought in the same month after delivery, all delivery months
    together, times the units at risk. Residual: (observed − expected) / √expected, where at least
    the threshold minimum_expected_failures were expected; below, chance alone colours a cell.
    """
    condition, parameters = where("fct_nevada", scope)
    least = threshold(snapshot, "minimum_expected_failures")
    return snapshot.rows(
        f"""
        with cells as (
            select
                chart.*, products.family_code,
                12 * (year(claim_month) - year(delivery_month)) + month(claim_month) - month(delivery_month)
                    as months_after
            from marts.fct_nevada as chart
            left join marts.dim_products as products using (sku)
        ),
        rates as (
            select family_code, months_after, sum({column})::double / nullif(sum(units_at_risk), 0) as rate
            from cells
            group by family_code, months_after
        ),
        summed as (
            select
                cast(date_trunc('{span}', delivery_month) as date) as delivery_month,
                cast(date_trunc('{span}', claim_month) as date) as claim_month,
                sum(units_at_risk)::double as n, sum({column})::double as events,
                sum(units_at_risk * rate) as expected
            from cells
            inner join rates
                on cells.family_code is not distinct from rates.family_code
                and cells.months_after = rates.months_after
            where {condition}
            group by all
        )
        select
            *, 1000 * events / n as per_1000, 1000 * expected / n as expected_per_1000,
            case when expected >= {least} then (events - expected) / sqrt(expected) end as residual
        from summed
        where n > 0
        order by delivery_month, claim_month
        """,
        parameters,
    )
