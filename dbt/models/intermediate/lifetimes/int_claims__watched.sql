-- Claims of machines while they were watched, one row per machine that a ticket is about: what every rate counts above the line.
with lifetimes as (
    select * from {{ ref('int_lifetimes__with_events') }}
),

claims as (
    select
        events.order_id,
        events.line_number,
        events.unit_number,
        events.lifetime_number,
        events.ticket_id,
        lifetimes.sku,
        lifetimes.family_code,
        lifetimes.supplier_id,
        lifetimes.lot_code,
        lifetimes.entered_on,
        lifetimes.ended_on,
        greatest(lifetimes.entered_on, events.appeared_on) as appeared_on,
        greatest(lifetimes.entered_on, {{ local_date('events.requested_at') }}) as claimed_on,
        events.cause = 'defect' as is_failure
    from {{ ref('int_lifetimes__events') }} as events
    inner join lifetimes
        on
            events.order_id = lifetimes.order_id
            and events.line_number = lifetimes.line_number
            and events.unit_number = lifetimes.unit_number
            and events.lifetime_number = lifetimes.lifetime_number
    where events.is_claim and greatest(lifetimes.entered_on, events.appeared_on) <= lifetimes.ended_on
)

-- A claim is known once asked, its cause once diagnosed (presumed: once closed), its refusal once closed.
select
    claims.*,
    coalesce(tickets.resolution = 'rejected_misuse', false) as is_misuse_refusal,
    case when repairs.is_diagnosed then repairs.fault_code end as fault_code,
    greatest(
        claims.claimed_on,
        coalesce(
            case when repairs.is_diagnosed then coalesce(repairs.diagnosed_on, repairs.received_on) end,
            tickets.closed_on,
            claims.claimed_on
        )
    ) as cause_known_on,
    greatest(claims.claimed_on, coalesce(tickets.closed_on, claims.claimed_on)) as closed_on
from claims
inner join {{ ref('int_tickets__linked') }} as tickets on claims.ticket_id = tickets.ticket_id
inner join {{ ref('int_claims__diagnosed') }} as diagnosed on claims.ticket_id = diagnosed.ticket_id
left join {{ ref('int_repairs__linked') }} as repairs on diagnosed.latest_repair_id = repairs.repair_id
