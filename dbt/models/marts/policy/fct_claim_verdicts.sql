with escalated as (
    select * from {{ ref('int_claims__escalated') }}
),

judged as (
    select * from {{ ref('int_claims__judged') }}
),

facts as (
    select * from {{ ref('int_claims__conditions') }}
),

warranty as (
    select * from {{ ref('int_claims__warranty') }}
),

priced as (
    select * from {{ ref('int_claims__priced') }}
),

reasons as (
    select * from {{ ref('int_claims__reasons') }}
)

select
    escalated.ticket_id,
    judged.policy_version,
    judged.policy_rule_id,
    judged.policy_outcome,
    judged.policy_payer_inbound,
    judged.policy_payer_work,
    judged.policy_payer_outbound,
    warranty.regime,
    judged.legal_rule_id,
    judged.legal_outcome,
    judged.legal_payer_inbound,
    judged.legal_payer_work,
    judged.legal_payer_outbound,
    judged.actual_payer,
    reasons.reason_en,
    reasons.reason_fr,
    facts.missing_facts,
    facts.cause_basis,
    facts.order_found,
    facts.paypal_state,
    facts.is_paypal_case_late,
    facts.is_withdrawal,
    facts.is_solved_remotely,
    warranty.is_in_warranty,
    facts.verdict_cause,
    escalated.is_legal_escalation,
    facts.is_self_fit_part,
    facts.is_used,
    facts.is_repairable,
    facts.is_repair_cheaper,
    priced.is_repair_cost_unknown,
    facts.has_stock,
    facts.is_center_near,
    facts.is_disproportionate,
    warranty.extension_months,
    warranty.immobilised_days,
    warranty.renewed_on,
    warranty.presumption_end_on,
    warranty.is_presumption_running
from escalated
inner join judged on escalated.ticket_id = judged.ticket_id
inner join facts on escalated.ticket_id = facts.ticket_id
inner join warranty on escalated.ticket_id = warranty.ticket_id
inner join priced on escalated.ticket_id = priced.ticket_id
left join reasons on escalated.ticket_id = reasons.ticket_id
where escalated.is_judged
