-- How workshops name what they find: the basis on which their coding is compared.
select
    diagnosed.service_center_id,
    products.family_code,
    {{ month_of(local_date('coalesce(repairs.diagnosed_at, repairs.received_at)')) }} as diagnosed_month,
    diagnosed.latest_fault_code as fault_code,
    cast(count(*) as bigint) as claims
from {{ ref('int_claims__diagnosed') }} as diagnosed
inner join {{ ref('int_tickets__linked') }} as tickets on diagnosed.ticket_id = tickets.ticket_id
inner join {{ ref('int_repairs__assigned') }} as repairs on diagnosed.latest_repair_id = repairs.repair_id
left join {{ ref('int_products__completed') }} as products on tickets.sku = products.sku
where
    tickets.is_claim
    and diagnosed.service_center_id is not null
    and diagnosed.latest_fault_code is not null
    and coalesce(repairs.diagnosed_at, repairs.received_at) is not null
group by
    diagnosed.service_center_id,
    products.family_code,
    {{ month_of(local_date('coalesce(repairs.diagnosed_at, repairs.received_at)')) }},
    diagnosed.latest_fault_code
