-- The warranty clock of each ticket: 24 civil months, then 6 months once for a covered repair of an earlier ticket, then the
-- days without the machine in such repairs; a replacement where repair was asked starts again.
with aged as (

    select * from {{ ref('int_claims__aged') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

lines as (

    select * from {{ ref('int_order_lines__in_service') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

laws as (

    select * from {{ ref('int_legal_parameters__dated') }}

),

policies as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

units as (

    select
        tickets.ticket_id,
        tickets.order_id,
        tickets.line_number,
        tickets.unit_number,
        tickets.is_claim,
        tickets.requested_at,
        tickets.requested_on,
        aged.appeared_on,
        aged.delivered_on,
        aged.base_warranty_end_on,
        tickets.requested_remedy,
        tickets.replacement_delivered_on,
        coalesce(lines.customer_type = 'professional', false) as is_professional,
        coalesce(lines.item_condition in ('refurbished', 'used'), false) as is_second_hand,
        lines.contract_on
    from tickets
    inner join aged on tickets.ticket_id = aged.ticket_id
    left join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number

),

-- The law of the contract date; a ticket without a unit is read under the law of its own date.
ruled as (

    select
        units.*,
        laws.regime,
        laws.clock_test,
        case when units.is_second_hand then laws.presumption_months_used else laws.presumption_months end
            as presumption_months,
        laws.cure_deadline_months,
        laws.cure_deadline_days,
        laws.extension_months,
        laws.renewal_months,
        coalesce(laws.is_suspended_while_immobilised, false) as is_suspended_while_immobilised,
        policies.is_extension_cumulative,
        policies.professional_warranty_months
    from units
    left join laws
        on coalesce(units.contract_on, units.requested_on) between laws.period_from and laws.period_to
    left join policies
        on units.requested_on between policies.period_from and policies.period_to

),

-- A new unit delivered where repair had been asked for, before this ticket: the latest one starts the clock.
renewals as (

    select
        later.ticket_id,
        max(earlier.replacement_delivered_on) as renewed_on
    from ruled as later
    inner join ruled as earlier
        on
            later.order_id = earlier.order_id
            and later.line_number = earlier.line_number
            and later.unit_number = earlier.unit_number
    where
        (earlier.requested_at < later.requested_at
            or (earlier.requested_at = later.requested_at and earlier.ticket_id < later.ticket_id))
        and earlier.requested_remedy = 'repair'
        and earlier.replacement_delivered_on <= later.requested_on
        and later.renewal_months is not null
    group by later.ticket_id

),

started as (

    select
        ruled.*,
        renewals.renewed_on,
        coalesce(renewals.renewed_on, ruled.delivered_on) as clock_start_on,
        case
            when renewals.renewed_on is not null
                then {{ add_months('renewals.renewed_on', 'ruled.renewal_months') }}
            when ruled.is_professional and ruled.professional_warranty_months is not null
                then {{ add_months('ruled.delivered_on', 'ruled.professional_warranty_months') }}
            else ruled.base_warranty_end_on
        end as unextended_end_on
    from ruled
    left join renewals on ruled.ticket_id = renewals.ticket_id

),

-- Repairs that were done under warranty and came back, with the days on which the machine was away.
covered_repairs as (

    {{ covered_repairs('repairs', 'tickets') }}

),

earlier_repairs as (

    select
        started.ticket_id,
        covered_repairs.ticket_id as earlier_ticket_id,
        covered_repairs.handed_over_on,
        covered_repairs.returned_on,
        max(covered_repairs.returned_on) over (
            partition by started.ticket_id
            order by covered_repairs.handed_over_on, covered_repairs.returned_on, covered_repairs.repair_id
            rows between unbounded preceding and 1 preceding
        ) as away_until_on
    from started
    inner join covered_repairs
        on
            started.order_id = covered_repairs.order_id
            and started.line_number = covered_repairs.line_number
            and started.unit_number = covered_repairs.unit_number
    where
        started.extension_months is not null
        and (covered_repairs.requested_at < started.requested_at
            or (covered_repairs.requested_at = started.requested_at
                and covered_repairs.ticket_id < started.ticket_id))
        and covered_repairs.handed_over_on >= started.clock_start_on

),

-- Overlapping absences count once: each adds only its days after the end of those before it.
extensions as (

    select
        ticket_id,
        count(distinct earlier_ticket_id) as earlier_covered_repairs,
        cast(sum(greatest(
            cast(0 as bigint),
            coalesce({{ day_diff('greatest(handed_over_on, coalesce(away_until_on, handed_over_on))', 'returned_on') }},
                cast(0 as bigint))
        )) as bigint) as immobilised_days
    from earlier_repairs
    group by ticket_id

),

extended as (

    select
        started.*,
        coalesce(extensions.earlier_covered_repairs, 0) as earlier_covered_repairs,
        case when started.is_suspended_while_immobilised then coalesce(extensions.immobilised_days, 0) else 0 end
            as immobilised_days,
        case
            when extensions.earlier_covered_repairs is null then 0
            when started.is_extension_cumulative
                then started.extension_months * extensions.earlier_covered_repairs
            else started.extension_months
        end as added_months
    from started
    left join extensions on started.ticket_id = extensions.ticket_id

),

ended as (

    select
        *,
        {{ add_days(add_months('unextended_end_on', 'added_months'), 'immobilised_days') }} as warranty_end_on,
        case when not is_professional then {{ add_months('clock_start_on', 'presumption_months') }} end
            as presumption_end_on,
        case
            when cure_deadline_days is not null then {{ add_days('requested_on', 'cure_deadline_days') }}
            else {{ add_months('requested_on', 'cure_deadline_months') }}
        end as remedy_due_on,
        case when clock_test = 'claim_date' then requested_on else appeared_on end as clock_tested_on
    from extended

)

select
    ticket_id,
    contract_on,
    is_professional,
    is_second_hand,
    regime,
    clock_test,
    clock_start_on,
    renewed_on,
    cast(earlier_covered_repairs as bigint) as earlier_covered_repairs,
    cast(added_months as bigint) as extension_months,
    cast(immobilised_days as bigint) as immobilised_days,
    warranty_end_on,
    clock_tested_on,
    clock_tested_on <= warranty_end_on as is_in_warranty,
    presumption_end_on,
    coalesce(appeared_on <= presumption_end_on, false) as is_presumption_running,
    remedy_due_on
from ended
