with conditions as (

    select * from {{ ref('int_claims__conditions') }}

),

escalated as (

    select * from {{ ref('int_claims__escalated') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

prices as (

    select * from {{ ref('int_claims__priced') }}

)

select
    tickets.ticket_id,
    conditions.paypal_case_state,
    cast(conditions.paypal_case_months as bigint) as paypal_case_months,
    tickets.is_unused as is_stated_unused,
    tickets.engine_hours,
    conditions.days_from_delivery,
    prices.repair_cost_at_decision_eur,
    prices.replacement_cost_at_decision_eur,
    conditions.center_distance_km,
    escalated.is_escalation_due,
    escalated.same_fault_days
from tickets
inner join conditions on tickets.ticket_id = conditions.ticket_id
inner join escalated on tickets.ticket_id = escalated.ticket_id
inner join prices on tickets.ticket_id = prices.ticket_id
where escalated.is_judged
