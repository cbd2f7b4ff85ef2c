with counted as (
    select * from {{ ref('int_lifetimes__counted') }}
),

by_end as (
    select sku, delivery_month, end_month, cast(sum(units) as bigint) as units
    from counted
    group by sku, delivery_month, end_month
),

cohorts as (
    select sku, delivery_month, max(end_month) as last_month from by_end group by sku, delivery_month
),

-- Months 0 to 24 after delivery, as long as somebody was still watched.
watched as (
    select sku, delivery_month, claim_month
    from (
        select
            sku,
            delivery_month,
            last_month,
            {{ add_months('delivery_month', 'month_number - 1') }} as claim_month
        from (
            select sku, delivery_month, last_month, {{ one_to(25) }} as month_number from cohorts
        ) as offsets
    ) as months
    where claim_month <= last_month
),

at_risk as (
    select
        watched.sku,
        watched.delivery_month,
        watched.claim_month,
        cast(sum(by_end.units) as bigint) as units_at_risk
    from watched
    inner join by_end
        on
            watched.sku = by_end.sku
            and watched.delivery_month = by_end.delivery_month
            and watched.claim_month <= by_end.end_month
    group by watched.sku, watched.delivery_month, watched.claim_month
),

-- By the month in which the machine concerned entered service. A claim before an estimated delivery counts in its month.
claims as (
    select
        sku,
        {{ month_of('in_service_on') }} as delivery_month,
        {{ month_of('greatest(requested_on, in_service_on)') }} as claim_month,
        cast(sum(event_units) as bigint) as claims,
        cast(sum(case when is_failure then event_units else 0 end) as bigint) as failures
    from {{ ref('int_claims__caused') }}
    where is_claim and is_in_service
    group by sku, {{ month_of('in_service_on') }}, {{ month_of('greatest(requested_on, in_service_on)') }}
)

select
    coalesce(at_risk.sku, claims.sku) as sku,
    coalesce(at_risk.delivery_month, claims.delivery_month) as delivery_month,
    coalesce(at_risk.claim_month, claims.claim_month) as claim_month,
    coalesce(at_risk.units_at_risk, 0) as units_at_risk,
    coalesce(claims.claims, 0) as claims,
    coalesce(claims.failures, 0) as failures
from at_risk
full outer join claims
    on
        at_risk.sku = claims.sku
        and at_risk.delivery_month = claims.delivery_month
        and at_risk.claim_month = claims.claim_month
