-- Months 0 to 24 after delivery, as long as somebody was still watched.
with counted as (
    select * from {{ ref('int_lifetimes__by_month') }}
),

by_end as (
    select
        sku,
        delivery_month,
        end_month,
        cast(sum(units) as bigint) as units
    from counted
    group by sku, delivery_month, end_month
),

-- From one end of observation to the next the units at risk stay the same.
steps as (
    select
        sku,
        delivery_month,
        cast(sum(units) over (
            partition by sku, delivery_month
            order by end_month
            rows between current row and unbounded following
        ) as bigint) as units_at_risk,
        {{ month_index('end_month') }} - {{ month_index('delivery_month') }} as last_offset,
        coalesce(
            lag({{ month_index('end_month') }}) over (partition by sku, delivery_month order by end_month)
            - {{ month_index('delivery_month') }},
            -1
        ) as offset_before
    from by_end
),

at_risk as (
    select
        sku,
        delivery_month,
        {{ add_months('delivery_month', 'offset_before + step') }} as claim_month,
        units_at_risk
    from (
        select steps.*, {{ one_to('last_offset - offset_before') }} as step from steps
    ) as stepped
),

-- Claims of the machines that the row counts: asked within a month in which the machine was still watched. A claim asked later
-- (of a defect of the warranty's last days, or after the machine had left) has no machine below the line and is none here.
claims as (
    select
        sku,
        {{ month_of('entered_on') }} as delivery_month,
        {{ month_of('claimed_on') }} as claim_month,
        cast(count(*) as bigint) as claims,
        cast(sum(case when is_failure then 1 else 0 end) as bigint) as failures
    from {{ ref('int_claims__watched') }}
    where {{ month_of('claimed_on') }} <= {{ month_of('ended_on') }}
    group by sku, {{ month_of('entered_on') }}, {{ month_of('claimed_on') }}
)

select
    at_risk.sku,
    at_risk.delivery_month,
    at_risk.claim_month,
    at_risk.units_at_risk,
    coalesce(claims.claims, 0) as claims,
    coalesce(claims.failures, 0) as failures
from at_risk
left join claims
    on
        at_risk.sku = claims.sku
        and at_risk.delivery_month = claims.delivery_month
        and at_risk.claim_month = claims.claim_month
