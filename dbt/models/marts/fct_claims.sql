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

priced as (
    select * from {{ ref('int_claims__priced') }}
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

reasons as (
    select * from {{ ref('int_claims__reasons') }}
)

select
    tickets.ticket_id,
    tickets.order_id,
    tickets.line_number,
    tickets.unit_number,
    tickets.is_unit_repeat,
    tickets.event_units,
    aged.lifetime_number,
    tickets.is_linked,
    tickets.link_method,
    tickets.sku,
    tickets.family_code,
    tickets.supplier_id,
    tickets.lot_code,
    lines.country_code,
    lines.customer_type,
    lines.payment_method,
    tickets.serial_number,
    tickets.channel,
    tickets.category,
    tickets.description,
    tickets.language_code,
    tickets.requested_remedy,
    tickets.is_unused,
    tickets.engine_hours,
    tickets.is_safety_issue,
    lines.contract_on,
    lines.paid_on,
    lines.shipped_on,
    aged.delivered_on,
    {{ month_of('aged.delivered_on') }} as delivery_month,
    aged.in_service_on,
    tickets.defect_appeared_on,
    aged.appeared_on,
    tickets.requested_on,
    {{ month_of('tickets.requested_on') }} as request_month,
    tickets.first_replied_on,
    {{ day_diff('tickets.requested_on', 'tickets.first_replied_on') }} as reply_days,
    tickets.remote_attempted_on,
    tickets.is_remote_resolved,
    tickets.withdrawal_requested_on,
    tickets.paypal_case_opened_on,
    tickets.paypal_case_closed_on,
    tickets.paypal_case_outcome,
    tickets.written_reason_sent_on,
    tickets.replacement_shipped_on,
    tickets.replacement_delivered_on,
    tickets.refunded_on,
    cast(tickets.refunded_amount_eur as decimal(18, 2)) as refunded_amount_eur,
    tickets.closed_on,
    tickets.closed_on is null as is_open,
    tickets.resolution,
    tickets.is_overturned,
    tickets.satisfaction_score,
    {{ day_diff('tickets.requested_on', 'tickets.closed_on') }} as turnaround_days,
    tickets.is_claim,
    diagnosed.cause,
    diagnosed.is_cause_presumed,
    diagnosed.is_failure,
    diagnosed.latest_repair_id,
    diagnosed.latest_fault_code as fault_code,
    diagnosed.evidence_grade,
    diagnosed.service_center_id,
    diagnosed.repairs,
    aged.age_days,
    aged.age_months,
    aged.age_month,
    priced.repair_cost_at_decision_eur as repair_cost_eur,
    priced.replacement_cost_at_decision_eur as replacement_cost_eur,
    facts.is_repair_cheaper,
    priced.is_repair_cost_unknown,
    paid.repairs_cost_eur,
    paid.return_freight_eur,
    paid.new_units_eur,
    paid.new_units_freight_eur,
    paid.refund_eur,
    paid.part_eur,
    paid.part_freight_eur,
    paid.handling_eur,
    paid.paid_eur,
    paid.customer_charge_eur,
    paid.resale_proceeds_eur,
    paid.recovered_eur,
    paid.net_cost_eur,
    paid.assumed_cost_eur,
    paid.is_cost_complete,
    paid.unknown_costs,
    paid.uncovered_unbilled_eur,
    paid.covered_billed_eur,
    paid.goodwill_eur,
    paid.paypal_return_freight_eur,
    warranty.regime,
    warranty.warranty_end_on,
    warranty.is_in_warranty,
    warranty.extension_months,
    warranty.immobilised_days,
    warranty.renewed_on,
    warranty.presumption_end_on,
    warranty.is_presumption_running,
    warranty.remedy_due_on,
    escalated.remedied_on,
    facts.verdict_cause,
    facts.cause_basis,
    facts.missing_facts,
    facts.order_found,
    facts.paypal_state,
    facts.is_paypal_case_late,
    facts.is_withdrawal,
    escalated.is_legal_escalation,
    facts.is_self_fit_part,
    facts.is_used,
    facts.is_repairable,
    facts.has_stock,
    facts.is_centre_near,
    facts.is_disproportionate,
    escalated.is_judged,
    judged.policy_version,
    judged.policy_rule_id,
    judged.policy_outcome,
    judged.legal_rule_id,
    judged.legal_outcome,
    judged.actual_outcome,
    judged.is_policy_compliant,
    judged.is_law_compliant,
    judged.policy_payer_inbound,
    judged.policy_payer_work,
    judged.policy_payer_outbound,
    judged.legal_payer_inbound,
    judged.legal_payer_work,
    judged.legal_payer_outbound,
    judged.actual_payer,
    reasons.reason_en,
    reasons.reason_fr
from tickets
inner join diagnosed on tickets.ticket_id = diagnosed.ticket_id
inner join aged on tickets.ticket_id = aged.ticket_id
inner join priced on tickets.ticket_id = priced.ticket_id
inner join paid on tickets.ticket_id = paid.ticket_id
inner join warranty on tickets.ticket_id = warranty.ticket_id
inner join facts on tickets.ticket_id = facts.ticket_id
inner join escalated on tickets.ticket_id = escalated.ticket_id
inner join judged on tickets.ticket_id = judged.ticket_id
left join reasons on tickets.ticket_id = reasons.ticket_id
left join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
