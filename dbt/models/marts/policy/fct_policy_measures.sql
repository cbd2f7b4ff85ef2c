select
    ticket_id,
    paypal_case_state,
    cast(paypal_case_months as bigint) as paypal_case_months,
    is_stated_unused,
    engine_hours,
    days_from_delivery,
    repair_cost_at_decision_eur,
    replacement_cost_at_decision_eur,
    centre_distance_km,
    is_escalation_due,
    same_fault_days
from {{ ref('int_claims__escalated') }}
where is_judged
