"""Service centres: how long machines are away, whether they stay fixed, the cost, whom they can reach."""

from __future__ import annotations

import math
from functools import lru_cache

import polars as pl

from pipelines.home import DBT_DIR
from pipelines.queries.measures import beside, values_by
from pipelines.queries.scopes import Scope, where
from pipelines.queries.snapshot import Snapshot
from pipelines.queries.thresholds import threshold

MART = "fct_repairs"
MEASURES = ("repairs", "first_time_fix_share", "repeat_share", "repair_cost", "no_fault_share")
# A department counts as within reach of a centre up to here: the radius of the policy's clause.
NEAR_KM = 50
EARTH_KM = 6371
CENTROIDS = DBT_DIR / "seeds" / "department_centroids.csv"


def days_away(snapshot: Snapshot, scope: Scope, is_by_center: bool = False) -> pl.DataFrame:
    """Days from hand-over to return with machines still away counted: median_days, late_days, n, open.

    The product-limit estimate (Kaplan and Meier, JASA 53, 1958, section 3): a machine away since d days is
    censored there, so that a centre cannot look fast by the jobs that it finishes. median_days and late_days
    are the days after which half and nine tenths are back; null where the estimate never gets there. Machines
    that ended otherwise (replaced, scrapped, resold) were never to come back and are left out.
    One row per service_center_id where `is_by_center`.
    """
    condition, parameters = where(MART, scope.without_period())
    key = "service_center_id" if is_by_center else "'all'"
    return snapshot.rows(
        f"""
        with today as (select max(as_of) as as_of from meta.build),
        jobs as (
            select
                {key} as center, returned_on is not null as is_back,
                greatest(0, coalesce(returned_on, (select as_of from today))
                    - coalesce(picked_up_on, received_on)) as days
            from marts.{MART}
            where {condition} and coalesce(picked_up_on, received_on) is not null
                and {key} is not null and (returned_on is not null or outcome is null)
        ),
        by_day as (
            select
                center, days, count(*) filter (is_back) as back, count(*) as leaving,
                sum(count(*)) over (partition by center order by days desc) as at_risk
            from jobs
            group by center, days
        ),
        limits as (
            select
                center, days,
                product(1 - back / at_risk::double) over (partition by center order by days) as away
            from by_day
        ),
        quantiles as (
            select
                center, min(days) filter (away <= 0.5 + 1e-12) as median_days,
                min(days) filter (away <= 0.1 + 1e-12) as late_days
            from limits
            group by center
        )
        select
            jobs.center as service_center_id, any_value(median_days) as median_days,
            any_value(late_days) as late_days, count(*) as n, count(*) filter (not is_back) as "open"
        from jobs
        left join quantiles using (center)
        group by jobs.center
        order by jobs.center
        """,
        parameters,
    )


def ranked(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """One row per service centre with repairs: days away, fixed the first time, repeats, cost; busiest first.

    Shares are null where they rest on fewer than the threshold minimum_units_at_risk.
    """
    found = values_by(snapshot, MART, MEASURES, ["service_center_id"], scope.without_period()).drop_nulls(
        "service_center_id"
    )
    told = found.with_columns(value=pl.when(pl.col("is_enough")).then("value"))
    fixed = found.filter((pl.col("measure") == "first_time_fix_share") & pl.col("is_enough"))
    centers = snapshot.rows(
        "select service_center_id, any_value(name) as name from marts.dim_service_centers group by 1"
    )
    verdicts = snapshot.rows("select service_center_id, status from marts.fct_misuse_centers")
    least = threshold(snapshot, "minimum_units_at_risk")
    days = days_away(snapshot, scope, is_by_center=True).with_columns(
        pl.when(pl.col("n") >= least).then(pl.col("median_days", "late_days"))
    )
    return (
        beside(told, ["service_center_id"], MEASURES, of="value")
        .with_columns(pl.col("repairs").cast(pl.Int64))
        .join(fixed.select("service_center_id", "low", "high"), on="service_center_id", how="left")
        .join(days.drop("n"), on="service_center_id", how="left")
        .join(centers, on="service_center_id", how="left")
        .join(verdicts, on="service_center_id", how="left")
        .sort("repairs", "service_center_id", descending=[True, False])
    )


def places(snapshot: Snapshot) -> pl.DataFrame:
    """Where centres are: service_center_id, name, latitude, longitude, is_warranty_authorised."""
    return snapshot.rows(
        """
        select
            service_center_id, any_value(name) as name, any_value(latitude) as latitude,
            any_value(longitude) as longitude, bool_or(is_warranty_authorised) as is_warranty_authorised
        from marts.dim_service_centers
        where latitude is not null and longitude is not null
        group by service_center_id
        order by service_center_id
        """
    )


def reached(snapshot: Snapshot, scope: Scope) -> pl.DataFrame:
    """Claims by French department and whether an authorised centre is near, as the policy's clause asks.

    department, latitude, longitude, claims, near (within NEAR_KM of a centre for their family), share.
    """
    condition, parameters = where("fct_claims", scope)
    found = snapshot.rows(
        f"""
        with asked as (
            select ticket_id, order_id, line_number from marts.fct_claims where is_claim and {condition}
        ),
        placed as (
            select
                case
                    when left(postal_code, 2) in ('97', '98') then left(postal_code, 3)
                    when left(postal_code, 3) in ('200', '201') then '2A'
                    when left(postal_code, 2) = '20' then '2B'
                    else left(postal_code, 2)
                end as department,
                measures.center_distance_km <= {NEAR_KM} as is_near
            from asked
            inner join marts.fct_order_lines as lines using (order_id, line_number)
            left join marts.fct_policy_measures as measures using (ticket_id)
            where lines.country_code = 'FR' and lines.postal_code is not null
        )
        select
            department, count(*) as claims, count(*) filter (is_near) as near,
            count(*) filter (is_near)::double / count(*) as share
        from placed
        group by department
        order by department
        """,
        parameters,
    )
    return found.join(departments(), on="department", how="inner")


@lru_cache(maxsize=1)
def departments() -> pl.DataFrame:
    """The middle of each French department, good for "within 50 km" and no more."""
    return pl.read_csv(CENTROIDS, schema_overrides={"department_code": pl.String}).rename(
        {"department_code": "department"}
    )


def distances(latitude: float, longitude: float) -> pl.DataFrame:
    """Kilometres from a place to each department: department, latitude, longitude, km (haversine)."""
    here_lat, here_lon = math.radians(latitude), math.radians(longitude)
    there_lat, there_lon = pl.col("latitude").radians(), pl.col("longitude").radians()
    half = ((there_lat - here_lat) / 2).sin() ** 2 + (
        math.cos(here_lat) * there_lat.cos() * ((there_lon - here_lon) / 2).sin() ** 2
    )
    return departments().with_columns(km=2 * EARTH_KM * half.sqrt().arcsin())
