with tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

diagnosed as (
    select * from {{ ref('int_claims__diagnosed') }}
),

aged as (
    select * from {{ ref('int_claims__aged') }}
),

lines as (
    select * from {{ ref('int_order_lines__in_service') }}
),

paid as (
    select * from {{ ref('int_claims__paid') }}
),

warranty as (
    select * from {{ ref('int_claims__warranty') }}
),

facts as (
    select * from {{ ref('int_claims__conditions') }}
),

escalated as (
    select * from {{ ref('int_claims__escalated') }}
),

judged as (
    select * from {{ ref('int_claims__judged') }}
),

watched as (
    select
        ticket_id,
        cast(sum(case when {{ month_of('claimed_on') }} <= {{ month_of('ended_on') }} then 1 else 0 end) as bigint) as units
    from {{ ref('int_claims__watched') }}
    group by ticket_id
)

select
    tickets.ticket_id,
    tickets.order_id,
    tickets.line_number,
    tickets.unit_number,
    tickets.is_unit_repeat,
    tickets.units,
    coalesce(watched.units, 0) as watched_units,
    aged.lifetime_number,
    tickets.is_linked,
    tickets.link_method,
    tickets.sku,
    tickets.family_code,
    tickets.supplier_id,
    tickets.lot_code,
    tickets.serial_number,
    lines.country_code,
    tickets.channel,
    tickets.category,
    tickets.description,
    tickets.requested_remedy,
    tickets.is_safety_issue,
    lines.contract_on,
    lines.paid_on,
    lines.shipped_on,
    aged.delivered_on,
    {{ month_of('aged.delivered_on') }} as delivery_month,
    tickets.defect_appeared_on,
    aged.appeared_on,
    tickets.requested_on,
    {{ month_of('tickets.requested_on') }} as request_month,
    tickets.first_replied_on,
    {{ day_diff('tickets.requested_on', 'tickets.first_replied_on') }} as reply_days,
    tickets.remote_attempted_on,
    tickets.paypal_case_opened_on,
    tickets.paypal_case_closed_on,
    tickets.written_reason_sent_on,
    tickets.replacement_shipped_on,
    tickets.replacement_delivered_on,
    tickets.refunded_on,
    tickets.closed_on,
    tickets.closed_on is null as is_open,
    tickets.resolution,
    tickets.is_overturned,
    {{ day_diff('tickets.requested_on', 'tickets.closed_on') }} as turnaround_days,
    tickets.satisfaction_score,
    tickets.is_claim,
    diagnosed.cause,
    diagnosed.is_cause_presumed,
    diagnosed.is_failure,
    diagnosed.latest_fault_code as fault_code,
    diagnosed.evidence_grade,
    diagnosed.service_center_id,
    diagnosed.repairs,
    aged.age_days,
    aged.age_months,
    aged.age_month,
    warranty.warranty_end_on,
    warranty.is_in_warranty,
    warranty.remedy_due_on,
    escalated.remedied_on,
    escalated.is_judged,
    facts.verdict_cause,
    judged.policy_rule_id,
    judged.policy_outcome,
    judged.legal_outcome,
    judged.actual_outcome,
    judged.is_policy_compliant,
    judged.is_law_compliant,
    paid.paid_eur,
    paid.recovered_eur,
    paid.net_cost_eur,
    paid.assumed_cost_eur,
    paid.is_cost_complete,
    paid.unknown_costs,
    paid.leaked_eur
from tickets
inner join diagnosed on tickets.ticket_id = diagnosed.ticket_id
inner join aged on tickets.ticket_id = aged.ticket_id
inner join paid on tickets.ticket_id = paid.ticket_id
inner join warranty on tickets.ticket_id = warranty.ticket_id
inner join facts on tickets.ticket_id = facts.ticket_id
inner join escalated on tickets.ticket_id = escalated.ticket_id
inner join judged on tickets.ticket_id = judged.ticket_id
left join watched on tickets.ticket_id = watched.ticket_id
left join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
