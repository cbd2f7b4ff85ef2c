with repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

costs as (

    select * from {{ ref('int_repairs__costed') }}

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
    'no ticket names it, nor its serial number' as evidence_en,
    'aucun ticket ne la nomme, ni son numéro de série' as evidence_fr,
    cast(coalesce(costs.total_cost_eur, 0) as decimal(18,2)) as amount_at_risk_eur
from repairs
cross join carried
left join costs on repairs.repair_id = costs.repair_id
where repairs.ticket_id is null and carried.has_tickets
