-- Which unit, and which machine in its place, each ticket is about.
with tickets as (
    select
        tickets.ticket_id,
        tickets.order_id,
        tickets.line_number,
        tickets.unit_number,
        tickets.units,
        tickets.is_claim,
        tickets.requested_at,
        diagnosed.cause,
        shares.defect_share,
        aged.appeared_on,
        -- A return happens on the day it is asked for.
        not tickets.is_claim or aged.is_appearance_told as is_dated,
        aged.replaced_on,
        aged.replacement_in_service_on,
        aged.refunded_out_on,
        aged.refunded_out_units,
        lines.units as line_units
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join {{ ref('int_claims__aged') }} as aged on tickets.ticket_id = aged.ticket_id
    left join {{ ref('int_claims__defect_share') }} as shares on tickets.ticket_id = shares.ticket_id
    inner join {{ ref('int_order_lines__in_service') }} as lines
        on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
    where
        lines.is_in_service
        and (
            tickets.is_claim
            or diagnosed.cause = 'return'
            or aged.refunded_out_on is not null
            or aged.replaced_on is not null
        )
),

-- Claims count units from the first; what goes back without a fault is taken from the last, so that a return does not
-- land on the unit that failed.
placed as (
    select
        tickets.*,
        case
            when is_claim then unit_number
            else line_units + 1 - sum(greatest(units, refunded_out_units)) over (
                partition by order_id, line_number, is_claim
                order by requested_at, ticket_id
                rows unbounded preceding
            )
        end as first_unit
    from tickets
),

per_unit as (
    select
        placed.*,
        {{ one_to('least(greatest(units, refunded_out_units), line_units)') }} as event_number
    from placed
),

events as (
    select
        order_id,
        line_number,
        ((first_unit + event_number - 2) % line_units + line_units) % line_units + 1 as unit_number,
        ticket_id,
        requested_at,
        is_claim and event_number <= units as is_claim,
        cause,
        defect_share,
        appeared_on,
        is_dated,
        case when event_number <= units then replaced_on end as replaced_on,
        case when event_number <= units then replacement_in_service_on end as replacement_in_service_on,
        case when event_number <= refunded_out_units then refunded_out_on end as refunded_out_on
    from per_unit
),

-- A replacement starts the next lifetime of its unit. Tickets after it concern the new machine.
numbered as (
    select
        events.*,
        1 + count(replacement_in_service_on) over (
            partition by order_id, line_number, unit_number
            order by requested_at, ticket_id
            rows between unbounded preceding and 1 preceding
        ) as lifetime_number
    from events
)

select
    order_id,
    line_number,
    cast(unit_number as bigint) as unit_number,
    cast(lifetime_number as bigint) as lifetime_number,
    ticket_id,
    requested_at,
    is_claim,
    cause,
    defect_share,
    appeared_on,
    is_dated,
    replaced_on,
    replacement_in_service_on,
    refunded_out_on
from numbered
