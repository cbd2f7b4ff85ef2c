with tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

aged as (
    select * from {{ ref('int_claims__aged') }}
),

paid as (
    select * from {{ ref('int_claims__paid') }}
)

select
    tickets.sku,
    tickets.family_code,
    {{ month_of('tickets.closed_on') }} as closed_month,
    cast(sum(tickets.units) as bigint) as claims,
    cast(sum(paid.net_cost_eur) as decimal(18, 2)) as net_cost_eur,
    cast(sum(cast(paid.net_cost_eur as decimal(28, 2)) * paid.net_cost_eur) as decimal(38, 4)) as squared_cost_eur2,
    cast(sum(case when paid.net_cost_eur = 0 then tickets.units else 0 end) as bigint) as costless_claims
from tickets
inner join aged on tickets.ticket_id = aged.ticket_id
inner join paid on tickets.ticket_id = paid.ticket_id
where
    tickets.is_claim
    and aged.is_in_service
    and tickets.requested_on <= aged.base_warranty_end_on
    and tickets.closed_on is not null
    and paid.is_cost_complete
group by tickets.sku, tickets.family_code, {{ month_of('tickets.closed_on') }}
