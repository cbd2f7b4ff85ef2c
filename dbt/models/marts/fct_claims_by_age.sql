with claims_by_age as (
    select * from {{ source('reliability', 'claims_by_age') }}
)

select
    scope_type,
    scope_id,
    cause,
    age_month,
    watched_units,
    first_claims,
    claims,
    first_share,
    first_share_low,
    first_share_high,
    claims_per_unit,
    claims_per_unit_low,
    claims_per_unit_high,
    watched_units >= {{ var('minimum_units_at_risk') }} as is_enough
from claims_by_age
