{#- A table only where an engine would compute it again for each violation; nobody else reads it. -#}
{{ config(materialized='table' if target.type == 'spark' else 'view') }}

-- What the audit looks at, ticket by ticket: what was due, what was done, when, at whose expense.
with facts as (

    select * from {{ ref('int_claims__conditions') }}

),

escalated as (

    select * from {{ ref('int_claims__escalated') }}

),

diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

paid as (

    select * from {{ ref('int_claims__paid') }}

),

judged as (

    select * from {{ ref('int_claims__judged') }}

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

costs as (

    select * from {{ ref('int_repairs__costed') }}

),

prices as (

    select * from {{ ref('int_claims__priced') }}

),

outcomes as (

    select * from {{ ref('verdict_outcomes') }}

),

-- The repair orders of a ticket together.
worked as (

    select
        repairs.ticket_id,
        min(repairs.picked_up_at) as picked_up_at,
        min(repairs.received_at) as received_at,
        min(coalesce(repairs.picked_up_at, repairs.received_at)) as started_at,
        max(repairs.diagnosed_on) as diagnosed_on,
        max(case when repairs.outcome = 'repaired' then repairs.returned_on end) as repaired_and_returned_on,
        max(case when repairs.outcome = 'repaired' then 1 else 0 end) = 1 as is_repair_done,
        max(case when repairs.coverage = 'goodwill' then 1 else 0 end) = 1 as is_goodwill,
        max(
            case
                when
                    repairs.customer_charge_eur > 0
                    and (repairs.quote_accepted_at is null or repairs.quote_accepted_at > repairs.repaired_at)
                    then 1
                else 0
            end
        ) = 1 as is_charged_without_quote,
        cast(sum(costs.total_cost_eur) as decimal(18,2)) as repairs_cost_eur,
        cast(sum(coalesce(costs.inbound_eur, 0) + coalesce(costs.outbound_eur, 0)) as decimal(18,2)) as freight_eur,
        cast(sum(coalesce(costs.diagnosis_eur, 0)) as decimal(18,2)) as diagnosis_eur
    from repairs
    left join costs on repairs.repair_id = costs.repair_id
    where repairs.ticket_id is not null
    group by repairs.ticket_id

),

priced as (

    select
        ticket_id,
        is_repair_cost_unknown,
        landed_cost_eur,
        price_eur,
        coalesce(repair_cost_at_decision_eur, replacement_cost_at_decision_eur, price_eur) as repair_or_else_eur,
        coalesce(replacement_cost_at_decision_eur, price_eur) as replacement_or_else_eur,
        coalesce(least(repair_cost_at_decision_eur, replacement_cost_at_decision_eur), price_eur) as cheapest_eur,
        cast(repair_cost_at_decision_eur - replacement_cost_at_decision_eur as decimal(18,2)) as repair_excess_eur
    from prices

)

select
    facts.ticket_id,
    tickets.order_id,
    tickets.line_number,
    tickets.sku,
    tickets.family_code,
    tickets.is_claim,
    tickets.is_linked,
    tickets.requested_on,
    tickets.closed_at is not null as is_closed,
    tickets.resolution,
    coalesce(tickets.resolution in {{ refusals() }}, false) as is_refused,
    facts.stated_remedy,
    facts.exercised_remedy,
    facts.cause_basis,
    facts.verdict_cause,
    diagnosed.latest_fault_code,
    warranty.is_professional,
    facts.has_french_manual,
    facts.is_used,
    facts.is_repairable,
    priced.is_repair_cost_unknown,
    facts.is_paypal_case_late,
    escalated.remedied_on,
    warranty.remedy_due_on,
    judged.policy_outcome,
    judged.legal_outcome,
    coalesce(policy_kinds.kind, 'none') as policy_kind,
    coalesce(legal_kinds.kind, 'none') as legal_kind,
    judged.policy_payer_work,
    paid.customer_charge_eur as customer_charge_eur,
    tickets.assignee_id,
    tickets.category,
    coalesce(tickets.is_safety_issue, false) as is_stated_unsafe,
    tickets.remote_attempted_at,
    tickets.written_reason_sent_on,
    tickets.replacement_shipped_at,
    tickets.replacement_shipped_on,
    tickets.replacement_delivered_on,
    tickets.refunded_on,
    tickets.paypal_case_opened_at,
    tickets.paypal_case_opened_on,
    tickets.paypal_case_closed_at,
    tickets.paypal_case_closed_on,
    diagnosed.evidence_grade,
    repairs.service_center_id as diagnosing_center_id,
    repairs.repair_id,
    worked.ticket_id is not null as has_repair,
    worked.picked_up_at,
    worked.received_at,
    worked.started_at,
    worked.diagnosed_on,
    worked.repaired_and_returned_on,
    coalesce(worked.is_repair_done, false) as is_repair_done,
    coalesce(worked.is_goodwill, false) as is_goodwill,
    coalesce(worked.is_charged_without_quote, false) as is_charged_without_quote,
    coalesce(worked.repairs_cost_eur, 0) as repairs_cost_eur,
    coalesce(worked.freight_eur, 0) as freight_eur,
    coalesce(worked.diagnosis_eur, 0) as paid_diagnosis_eur,
    cast(priced.landed_cost_eur * tickets.units as decimal(18,2)) as all_landed_cost_eur,
    cast(priced.price_eur * tickets.units as decimal(18,2)) as all_price_eur,
    cast(priced.cheapest_eur * tickets.units as decimal(18,2)) as cheapest_eur,
    cast(priced.replacement_or_else_eur * tickets.units as decimal(18,2)) as replacement_eur,
    cast(priced.repair_excess_eur * tickets.units as decimal(18,2)) as repair_excess_eur,
    -- What the verdict of the law is worth to the customer.
    cast(
        tickets.units
        * case
            when judged.legal_outcome = 'replacement' then priced.replacement_or_else_eur
            when judged.legal_outcome in ('repair_sav_centre', 'repair_pickup') then priced.repair_or_else_eur
            when judged.legal_outcome in ('refund_or_reduction', 'withdrawal_refund') then priced.price_eur
            when judged.legal_outcome = 'spare_part_shipped' then priced.cheapest_eur
            else 0
        end as decimal(18,2)
    ) as legal_remedy_eur,
    laws.override_reason_written,
    laws.freight_refund_days,
    policies.assignment_days,
    policies.exchange_target_days,
    policies.repair_target_days
from facts
inner join judged on facts.ticket_id = judged.ticket_id
inner join warranty on facts.ticket_id = warranty.ticket_id
inner join tickets on facts.ticket_id = tickets.ticket_id
inner join diagnosed on facts.ticket_id = diagnosed.ticket_id
inner join escalated on facts.ticket_id = escalated.ticket_id
inner join paid on facts.ticket_id = paid.ticket_id
left join repairs on diagnosed.latest_repair_id = repairs.repair_id
left join worked on facts.ticket_id = worked.ticket_id
left join priced on facts.ticket_id = priced.ticket_id
left join outcomes as policy_kinds on judged.policy_outcome = policy_kinds.outcome
left join outcomes as legal_kinds on judged.legal_outcome = legal_kinds.outcome
left join {{ ref('int_legal_parameters__dated') }} as laws
    on coalesce(warranty.contract_on, tickets.requested_on) between laws.period_from and laws.period_to
left join {{ ref('int_policy_parameters__dated') }} as policies
    on tickets.requested_on between policies.period_from and policies.period_to
