-- A claim counts on the day it is asked, whatever the day the defect appeared: every claim of a day is then known on that
-- day, and what was known at a past month end needs no correction for claims still to be reported.
with claims as (
    select
        sku,
        family_code,
        {{ month_of('in_service_on') }} as delivery_month,
        {{ month_of('greatest(requested_on, in_service_on)') }} as claim_month,
        {{ age_month('greatest(' ~ day_diff('in_service_on', 'requested_on') ~ ', 0)') }} as request_age_month,
        event_units
    from {{ ref('int_claims__diagnosed') }}
    where is_claim and is_in_service and requested_on <= base_warranty_end_on
)

select
    sku,
    family_code,
    delivery_month,
    claim_month,
    request_age_month,
    cast(sum(event_units) as bigint) as claims
from claims
group by sku, family_code, delivery_month, claim_month, request_age_month
