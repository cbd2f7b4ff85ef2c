with tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

repairs as (
    select * from {{ ref('int_repairs__linked') }}
),

-- The latest diagnosed repair order speaks for the ticket; without a diagnosis, the latest one tells where the machine is.
latest_repairs as (
    select *
    from (
        select
            repairs.*,
            count(*) over (partition by ticket_id) as repairs_of_ticket,
            row_number() over (
                partition by ticket_id
                order by
                    case when is_diagnosed then 0 else 1 end,
                    coalesce(diagnosed_at, received_at) desc,
                    received_at desc,
                    repair_id desc
            ) as recency
        from repairs
        where ticket_id is not null
    ) as ranked
    where recency = 1
),

diagnosed as (
    select
        tickets.ticket_id,
        tickets.is_claim,
        case when latest_repairs.is_diagnosed then latest_repairs.repair_id end as latest_repair_id,
        case when latest_repairs.is_diagnosed then latest_repairs.fault_code end as latest_fault_code,
        case when latest_repairs.is_diagnosed then latest_repairs.evidence_grade end as evidence_grade,
        latest_repairs.service_center_id,
        cast(coalesce(latest_repairs.repairs_of_ticket, 0) as bigint) as repairs,
        coalesce(latest_repairs.outcome in ('replaced', 'scrapped', 'resold_refurbished', 'resold_as_is'), false)
            as is_machine_kept_back,
        case
            when latest_repairs.fault_kind is not null then latest_repairs.fault_kind
            when tickets.category = 'withdrawal' then 'return'
            when tickets.category = 'missing_part' then 'missing_part'
            when tickets.category = 'transit_damage' then 'transit'
            when tickets.resolution in ('repaired', 'replaced', 'refunded', 'spare_part_shipped') then 'defect'
            else 'unknown'
        end as cause,
        latest_repairs.fault_kind is null
        and coalesce(tickets.category not in ('withdrawal', 'missing_part', 'transit_damage'), true)
        and coalesce(tickets.resolution in ('repaired', 'replaced', 'refunded', 'spare_part_shipped'), false)
            as is_cause_presumed
    from tickets
    left join latest_repairs on tickets.ticket_id = latest_repairs.ticket_id
)

select
    ticket_id,
    latest_repair_id,
    latest_fault_code,
    evidence_grade,
    service_center_id,
    repairs,
    is_machine_kept_back,
    cause,
    is_cause_presumed,
    is_claim and cause = 'defect' as is_failure
from diagnosed
