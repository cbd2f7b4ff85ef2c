with claims as (
    select * from {{ ref('int_claims__diagnosed') }}
),

paid as (
    select * from {{ ref('int_claims__paid') }}
)

select
    claims.sku,
    claims.family_code,
    {{ month_of('claims.closed_on') }} as closed_month,
    cast(sum(claims.event_units) as bigint) as claims,
    cast(sum(paid.net_cost_eur) as decimal(18, 2)) as net_cost_eur,
    cast(sum(cast(paid.net_cost_eur * paid.net_cost_eur as decimal(38, 4))) as decimal(38, 4)) as squared_cost_eur2
from claims
inner join paid on claims.ticket_id = paid.ticket_id
where
    claims.is_claim
    and claims.is_in_service
    and claims.requested_on <= claims.base_warranty_end_on
    and claims.closed_on is not null
    and paid.is_cost_complete
group by claims.sku, claims.family_code, {{ month_of('claims.closed_on') }}
