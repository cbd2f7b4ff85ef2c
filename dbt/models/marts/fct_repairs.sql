with repairs as (
    select * from {{ ref('int_repairs__linked') }}
),

costed as (
    select * from {{ ref('int_repairs__costed') }}
)

select
    repairs.repair_id,
    repairs.ticket_id,
    repairs.link_method,
    repairs.order_id,
    repairs.line_number,
    repairs.sku,
    repairs.family_code,
    repairs.lot_code,
    repairs.service_center_id,
    repairs.fault_code,
    coalesce(repairs.fault_kind, 'unknown') as cause,
    repairs.is_diagnosed,
    repairs.evidence_grade,
    repairs.is_repairable,
    repairs.is_repeat,
    repairs.repair_number,
    repairs.received_again_on,
    case
        when
            repairs.outcome = 'repaired'
            and {{ day_diff('repairs.returned_on', as_of_date()) }} >= {{ var('first_time_fix_days') }}
            then
                coalesce(
                    {{ day_diff('repairs.returned_on', 'repairs.received_again_on') }}
                    > {{ var('first_time_fix_days') }},
                    true
                )
    end as is_first_time_fix,
    repairs.picked_up_on,
    repairs.received_on,
    repairs.diagnosed_on,
    repairs.quoted_on,
    repairs.quote_accepted_on,
    repairs.repaired_on,
    repairs.returned_on,
    {{ day_diff('coalesce(repairs.picked_up_on, repairs.received_on)', 'repairs.returned_on') }} as turnaround_days,
    repairs.coverage,
    repairs.outcome,
    repairs.labour_minutes,
    cast(repairs.quoted_total_eur as decimal(18, 2)) as quoted_total_eur,
    costed.inbound_eur,
    costed.diagnosis_eur,
    costed.labour_eur,
    costed.parts_eur,
    cast(costed.unstated_work_eur as decimal(18,2)) as unstated_work_eur,
    costed.outbound_eur,
    costed.total_cost_eur,
    costed.assumed_cost_eur,
    costed.assumed_inputs,
    costed.is_cost_complete,
    costed.cost_doubts,
    cast(repairs.customer_charge_eur as decimal(18, 2)) as customer_charge_eur,
    cast(repairs.resale_proceeds_eur as decimal(18, 2)) as resale_proceeds_eur,
    costed.uncovered_unbilled_eur,
    costed.covered_billed_eur,
    costed.goodwill_eur
from repairs
inner join costed on repairs.repair_id = costed.repair_id
