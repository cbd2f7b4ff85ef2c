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

-- By the month in which the machine concerned entered service. A claim before an estimated delivery counts in its month.
claims as (
    select
        tickets.sku,
        {{ month_of('aged.in_service_on') }} as delivery_month,
        {{ month_of('greatest(tickets.requested_on, aged.in_service_on)') }} as claim_month,
        cast(sum(tickets.event_units) as bigint) as claims,
        cast(sum(case when diagnosed.is_failure then tickets.event_units else 0 end) as bigint) as failures
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join {{ ref('int_claims__aged') }} as aged on tickets.ticket_id = aged.ticket_id
    where tickets.is_claim and aged.is_in_service
    group by
        tickets.sku,
        {{ month_of('aged.in_service_on') }},
        {{ month_of('greatest(tickets.requested_on, aged.in_service_on)') }}
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
