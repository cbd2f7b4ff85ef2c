-- A claim counts on the day it is asked, whatever the day the defect appeared: every claim of a day is then known on that
-- day, and what was known at a past month end needs no correction for claims still to be reported.
with claims as (
    select
        tickets.sku,
        tickets.family_code,
        {{ month_of('aged.in_service_on') }} as delivery_month,
        {{ month_of('greatest(tickets.requested_on, aged.in_service_on)') }} as claim_month,
        {{ age_month('greatest(' ~ day_diff('aged.in_service_on', 'tickets.requested_on') ~ ', 0)') }} as request_age_month,
        tickets.units
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__aged') }} as aged on tickets.ticket_id = aged.ticket_id
    where tickets.is_claim and aged.is_in_service and tickets.requested_on <= aged.base_warranty_end_on
)

select
    sku,
    family_code,
    delivery_month,
    claim_month,
    request_age_month,
    cast(sum(units) as bigint) as claims
from claims
group by sku, family_code, delivery_month, claim_month, request_age_month
