with repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

costs as (

    select * from {{ ref('int_repairs__costed') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

-- A feed that never names a ticket cannot show which repair lacks one.
carried as (

    select count(stated_ticket_id) > 0 as has_tickets from repairs

)

select
    'VR09' as violation_code,
    repairs.repair_id,
    repairs.order_id,
    repairs.line_number,
    repairs.sku,
    repairs.family_code,
    repairs.service_center_id,
    repairs.received_on as happened_on,
    'names no ticket, and no open one is about its machine' as evidence_en,
    'ne nomme aucun ticket, et aucun n’est ouvert pour son appareil' as evidence_fr,
    cast(coalesce(costs.total_cost_eur, 0) as decimal(18,2)) as amount_at_risk_eur
from repairs
cross join carried
left join costs on repairs.repair_id = costs.repair_id
left join tickets on repairs.ticket_id = tickets.ticket_id
where
    carried.has_tickets
    and repairs.stated_ticket_id is null
    -- A case of the same machine that had been settled before, or was a mere question, did not order this repair.
    and coalesce(
        tickets.category in ('question', 'withdrawal') or tickets.closed_at < repairs.received_at,
        tickets.ticket_id is null
    )

union all

select
    'VR09' as violation_code,
    repairs.repair_id,
    repairs.order_id,
    repairs.line_number,
    repairs.sku,
    repairs.family_code,
    repairs.service_center_id,
    repairs.received_on as happened_on,
    'names the ticket ' || repairs.stated_ticket_id || ', which does not exist' as evidence_en,
    'nomme le ticket ' || repairs.stated_ticket_id || ', qui n’existe pas' as evidence_fr,
    cast(coalesce(costs.total_cost_eur, 0) as decimal(18,2)) as amount_at_risk_eur
from repairs
cross join carried
left join costs on repairs.repair_id = costs.repair_id
where
    carried.has_tickets
    and repairs.ticket_id is null
    and repairs.stated_ticket_id is not null
