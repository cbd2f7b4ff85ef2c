with lines as (
    select * from {{ ref('int_order_lines__in_service') }}
),

claims as (
    select
        tickets.order_id,
        tickets.line_number,
        cast(count(*) as bigint) as tickets,
        cast(sum(case when tickets.is_claim then 1 else 0 end) as bigint) as claims,
        cast(sum(case when diagnosed.is_failure then 1 else 0 end) as bigint) as failures,
        cast(sum(case when tickets.is_claim then tickets.units else 0 end) as bigint) as claim_events,
        cast(sum(case when diagnosed.is_failure then tickets.units else 0 end) as bigint) as failure_events,
        cast(sum(case when tickets.is_claim then paid.net_cost_eur end) as decimal(18, 2)) as claim_cost_eur
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join {{ ref('int_claims__paid') }} as paid on tickets.ticket_id = paid.ticket_id
    where tickets.is_linked
    group by tickets.order_id, tickets.line_number
)

select
    lines.order_id,
    lines.line_number,
    lines.sku,
    lines.family_code,
    lines.supplier_id,
    lines.lot_code,
    lines.units,
    lines.contract_on,
    lines.paid_on,
    lines.shipped_on,
    lines.delivered_on,
    {{ month_of('lines.delivered_on') }} as delivery_month,
    lines.is_delivery_estimated,
    lines.base_warranty_end_on,
    lines.cancelled_on,
    lines.is_in_service,
    lines.item_condition,
    lines.customer_type,
    lines.country_code,
    lines.postal_code,
    lines.payment_method,
    cast(lines.unit_price_eur as decimal(18, 2)) as unit_price_eur,
    cast(lines.unit_landed_cost_eur as decimal(18, 2)) as unit_landed_cost_eur,
    coalesce(claims.tickets, 0) as tickets,
    coalesce(claims.claims, 0) as claims,
    coalesce(claims.failures, 0) as failures,
    coalesce(claims.claim_events, 0) as claim_events,
    coalesce(claims.failure_events, 0) as failure_events,
    coalesce(claims.claim_cost_eur, cast(0 as decimal(18, 2))) as claim_cost_eur
from lines
left join claims on lines.order_id = claims.order_id and lines.line_number = claims.line_number
