"""Products, suppliers and lots ranked: how often they fail against their like, what that costs, what is out.

A product's rate is the life table's at 12 months; a supplier's or a lot's is per unit in service, whatever
its age, because lots are too small for a table of their own.
"""

from __future__ import annotations

import polars as pl

from pipelines.queries.measures import beside, measure, values_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot

AGE_MONTH = 12
RECENT_DAYS = 90
MART = "fct_order_lines"
GROUPS = ("supplier_id", "lot_code")


def ranked(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per product sold, the surest past its family first (distance in half intervals).

    rate, low, high: share failed within AGE_MONTH months (null: too few); family_rate the family's;
    shrunken_per_1000: failures per 1,000 unit-months drawn toward the family; cost over sales and margin;
    alerts in force that name it; claims of the last RECENT_DAYS days and of those a year before; units
    still under guarantee.
    """
    condition, parameters = where(MART, scope.without_period())
    over_sales = measure(snapshot, MART, "claim_cost_over_sales")
    units = measure(snapshot, MART, "units").numerator
    return snapshot.rows(
        f"""
        with today as (select max(as_of) as as_of from meta.build),
        lines as (
            select
                sku, cast({units} as bigint) as units, {over_sales.numerator} as cost_eur,
                {over_sales.denominator} as sales_eur,
                sum(units * (unit_price_eur - unit_landed_cost_eur)) as margin_eur,
                cast(sum(units) filter (is_in_service and base_warranty_end_on >= (select as_of from today))
                    as bigint) as units_under_warranty
            from marts.{MART}
            where {condition}
            group by sku
        ),
        rates as (
            select scope_type, scope_id, cumulative, cumulative_low, cumulative_high, cumulative_events,
                is_enough
            from marts.fct_life_table
            where cohort is null and cause = 'defect' and age_month = {AGE_MONTH}
        ),
        recent as (
            select
                sku,
                count(*) filter (requested_on > (select as_of from today) - {RECENT_DAYS}) as claims_now,
                count(*) filter (
                    requested_on > (select as_of from today) - {RECENT_DAYS} - 365
                    and requested_on <= (select as_of from today) - 365
                ) as claims_a_year_before
            from marts.fct_claims
            where is_claim
            group by sku
        ),
        alerted as (
            select sku, count(*) as alerts from marts.fct_signals
            where status in ('alert', 'confirmed')
            group by sku
        )
        select
            lines.sku, products.product_name, products.family_code, products.supplier_id, lines.units,
            lines.units_under_warranty, own.cumulative_events as failures,
            case when own.is_enough then own.cumulative end as rate,
            case when own.is_enough then own.cumulative_low end as low,
            case when own.is_enough then own.cumulative_high end as high,
            case when family.is_enough then family.cumulative end as family_rate,
            fits.shrunken_per_1000, lines.cost_eur::double as cost_eur,
            lines.cost_eur::double / nullif(lines.sales_eur::double, 0) as cost_over_sales,
            case when lines.margin_eur > 0 then lines.cost_eur::double / lines.margin_eur::double end
                as cost_over_margin,
            coalesce(alerted.alerts, 0) as alerts, coalesce(recent.claims_now, 0) as claims_now,
            coalesce(recent.claims_a_year_before, 0) as claims_a_year_before,
            coalesce(own.is_enough and family.is_enough and own.cumulative_low > family.cumulative, false)
                as is_past_family
        from lines
        left join marts.dim_products as products on products.sku = lines.sku
        left join rates as own on own.scope_type = 'sku' and own.scope_id = lines.sku
        left join rates as family
            on family.scope_type = 'family' and family.scope_id = products.family_code
        left join marts.fct_reliability_fits as fits
            on fits.scope_type = 'sku' and fits.scope_id = lines.sku and fits.cause = 'defect'
                and fits.is_default
        left join recent on recent.sku = lines.sku
        left join alerted on alerted.sku = lines.sku
        order by
            is_past_family desc, (rate - family_rate) / nullif(rate - low, 0) desc nulls last,
            lines.units desc, lines.sku
        """,
        parameters,
    )


def grouped(snapshot: Snapshot, column: str, scope: Scope) -> pl.DataFrame:
    """One row per product, supplier or lot: units, claims and failures per 1,000 units, cost over sales."""
    names = ["units", "claims_per_1000", "failures_per_1000", "claim_cost_over_sales"]
    found = values_by(snapshot, MART, names, [column], scope.without_period()).drop_nulls(column)
    failures = found.filter(pl.col("measure") == "failures_per_1000").select(
        column, "low", "high", "is_enough", failures="events"
    )
    wide = beside(found, [column], names, of="value")
    return (
        wide.join(failures, on=column, how="left")
        .with_columns(pl.col("units", "failures").cast(pl.Int64))
        .sort("is_enough", "failures_per_1000", column, descending=[True, True, False], nulls_last=True)
    )


def by_fault(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims in scope by fault code and cause, most first: fault_code, cause, claims."""
    found = values_by(snapshot, "fct_claims", ["claims"], ["fault_code", "cause"], scope)
    return (
        found.select("fault_code", "cause", claims=pl.col("events").cast(pl.Int64))
        .filter(pl.col("claims") > 0)
        .sort("claims", "fault_code", descending=[True, False])
    )


def by_center(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims in scope by service centre: service_center_id, name, claims, days to remedy."""
    names = ["claims", "turnaround_days"]
    found = values_by(snapshot, "fct_claims", names, ["service_center_id"], scope)
    centers = snapshot.rows("select distinct service_center_id, name from marts.dim_service_centers")
    return (
        beside(found, ["service_center_id"], names, of="value")
        .drop_nulls("service_center_id")
        .join(centers, on="service_center_id", how="left")
        .with_columns(pl.col("claims").cast(pl.Int64))
        .sort("claims", "service_center_id", descending=[True, False])
    )
