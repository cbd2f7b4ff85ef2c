-- All facts of a claim, the escalation last: thirty days without remedy, the same fault again, or an earlier unlawful refusal,
-- where the customer asks for the money back.
with conditions as (

    select * from {{ ref('int_claims__conditions') }}

),

warranty as (

    select * from {{ ref('int_claims__warranty') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

policies as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

asked as (

    select
        conditions.ticket_id,
        conditions.decided_at,
        conditions.decided_on,
        conditions.stated_remedy,
        {{ named_conditions(law_conditions().keys() | reject('equalto', 'is_legal_escalation') | list, 'conditions') }},
        conditions.is_repair_cheaper,
        tickets.order_id,
        tickets.line_number,
        tickets.unit_number,
        tickets.is_claim,
        tickets.requested_at,
        tickets.requested_on,
        tickets.closed_at,
        tickets.resolution,
        diagnosed.latest_fault_code,
        warranty.regime,
        warranty.remedy_due_on
    from conditions
    inner join tickets on conditions.ticket_id = tickets.ticket_id
    inner join diagnosed on conditions.ticket_id = diagnosed.ticket_id
    inner join warranty on conditions.ticket_id = warranty.ticket_id

),

unescalated as (

    select
        asked.*,
        false as is_legal_escalation
    from asked

),

-- What the law would have said to an earlier ticket does not depend on its own escalation: a remedy stays a remedy.
refused as (

    select
        unescalated.ticket_id,
        unescalated.order_id,
        unescalated.line_number,
        unescalated.unit_number,
        unescalated.requested_at,
        unescalated.closed_at
    from unescalated
    inner join {{ ref('int_laws__matched') }} as laws
        on {{ combination_key(law_conditions()) }} = laws.combination_key and unescalated.regime = laws.regime
    inner join {{ ref('verdict_outcomes') }} as outcomes
        on laws.outcome = outcomes.outcome
    where
        unescalated.resolution in {{ refusals() }}
        and outcomes.kind = 'remedy'

),

refused_before as (

    select distinct asked.ticket_id
    from asked
    inner join refused
        on
            asked.order_id = refused.order_id
            and asked.line_number = refused.line_number
            and asked.unit_number = refused.unit_number
    where
        asked.stated_remedy = 'refund'
        and refused.requested_at < asked.requested_at
        and refused.closed_at <= asked.decided_at

),

covered_repairs as (

    {{ covered_repairs('repairs', 'tickets') }}

),

failed_again as (

    select
        asked.ticket_id,
        min({{ day_diff('covered_repairs.done_on', 'asked.requested_on') }}) as same_fault_days
    from asked
    inner join covered_repairs
        on
            asked.order_id = covered_repairs.order_id
            and asked.line_number = covered_repairs.line_number
            and asked.unit_number = covered_repairs.unit_number
            and asked.latest_fault_code = covered_repairs.fault_code
    where
        asked.stated_remedy = 'refund'
        and covered_repairs.requested_at < asked.requested_at
        and covered_repairs.done_on <= asked.requested_on
    group by asked.ticket_id

),

returned as (

    select
        ticket_id,
        max(case when outcome = 'repaired' then returned_on end) as repaired_and_returned_on
    from repairs
    where ticket_id is not null
    group by ticket_id

),

remedied as (

    select
        tickets.ticket_id,
        -- The first day on which the customer had a working machine, the part or the money.
        least(
            returned.repaired_and_returned_on,
            tickets.replacement_delivered_on,
            tickets.refunded_on,
            case when tickets.resolution in ('remote_resolved', 'spare_part_shipped', 'withdrawn') then tickets.closed_on end
        ) as remedied_on
    from tickets
    left join returned on tickets.ticket_id = returned.ticket_id

),

escalated as (

    select
        asked.*,
        remedied.remedied_on,
        -- Past the deadline without remedy, or an earlier unlawful refusal; the same fault again counts by the version's days.
        asked.stated_remedy = 'refund'
        and (
            (
                asked.decided_on > asked.remedy_due_on
                and coalesce(remedied.remedied_on > asked.remedy_due_on, true)
            )
            or refused_before.ticket_id is not null
        ) as is_escalation_due,
        failed_again.same_fault_days,
        policies.repeat_fault_days
    from asked
    inner join remedied on asked.ticket_id = remedied.ticket_id
    left join failed_again on asked.ticket_id = failed_again.ticket_id
    left join refused_before on asked.ticket_id = refused_before.ticket_id
    left join policies on asked.requested_on between policies.period_from and policies.period_to

),

decided as (

    select
        *,
        {{ policy_facts()['is_legal_escalation'] }} as is_legal_escalation
    from escalated

)

select
    ticket_id,
    remedied_on,
    is_escalation_due,
    same_fault_days,
    is_legal_escalation,
    {{ combination_key(policy_conditions()) }} as policy_combination_key,
    {{ combination_key(law_conditions()) }} as law_combination_key,
    -- A question asks for no remedy: no verdict.
    is_claim or is_withdrawal as is_judged
from decided
