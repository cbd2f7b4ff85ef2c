with repairs as (
    select * from {{ ref('int_repairs__linked') }}
),

-- What the workshop wrote. Sums stay in decimals; each part is rounded to the cent once.
costed as (
    select
        repair_id,
        case
            when coalesce(labour_minutes, parts_cost_eur, diagnosis_cost_eur, inbound_cost_eur, outbound_cost_eur)
                is not null
                then coalesce(
                    cast(round(labour_minutes * labour_rate_eur_per_hour / 60, 2) as decimal(18, 2)),
                    cast(0 as decimal(18, 2))
                )
                + cast(coalesce(parts_cost_eur, 0) as decimal(18, 2))
                + cast(coalesce(diagnosis_cost_eur, 0) as decimal(18, 2))
                + cast(coalesce(inbound_cost_eur, 0) as decimal(18, 2))
                + cast(coalesce(outbound_cost_eur, 0) as decimal(18, 2))
        end as total_cost_eur
    from repairs
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
    cast(costed.total_cost_eur as decimal(18, 2)) as total_cost_eur,
    cast(repairs.customer_charge_eur as decimal(18, 2)) as customer_charge_eur,
    cast(repairs.resale_proceeds_eur as decimal(18, 2)) as resale_proceeds_eur
from repairs
inner join costed on repairs.repair_id = costed.repair_id
