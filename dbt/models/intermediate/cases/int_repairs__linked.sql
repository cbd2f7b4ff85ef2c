with repairs as (
    select
        repairs.*,
        assigned.ticket_id as own_ticket_id,
        assigned.fault_kind,
        assigned.is_diagnosed
    from {{ ref('stg_feeds__repairs') }} as repairs
    inner join {{ ref('int_repairs__assigned') }} as assigned on repairs.repair_id = assigned.repair_id
),

tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

-- A machine that came back without a case is found by its serial: its latest sale before the workshop received it.
sales as (
    select repair_id, order_id, line_number, unit_number
    from (
        select
            repairs.repair_id,
            serials.order_id,
            serials.line_number,
            serials.unit_number,
            row_number() over (
                partition by repairs.repair_id
                order by serials.named_at desc, serials.order_id desc, serials.line_number desc, serials.unit_number
            ) as nearness
        from repairs
        inner join {{ ref('int_serials__listed') }} as serials
            on
                {{ serial_as_read('repairs.serial_number') }} = serials.serial_number
                and serials.named_at <= repairs.received_at
        where repairs.own_ticket_id is null
    ) as candidates
    where nearness = 1
),

placed as (
    select
        repairs.*,
        coalesce(tickets.order_id, sales.order_id) as order_id,
        coalesce(tickets.line_number, sales.line_number) as line_number,
        coalesce(tickets.unit_number, sales.unit_number) as unit_number,
        case
            when tickets.ticket_id is not null and repairs.ticket_id = tickets.ticket_id then 'ticket'
            when tickets.ticket_id is not null or sales.repair_id is not null then 'serial'
            else 'none'
        end as link_method,
        tickets.sku as ticket_sku,
        tickets.family_code as ticket_family_code,
        lines.sku as line_sku,
        lines.family_code as line_family_code,
        lines.lot_code
    from repairs
    left join tickets on repairs.own_ticket_id = tickets.ticket_id
    left join sales on repairs.repair_id = sales.repair_id
    left join {{ ref('int_order_lines__in_service') }} as lines
        on
            coalesce(tickets.order_id, sales.order_id) = lines.order_id
            and coalesce(tickets.line_number, sales.line_number) = lines.line_number
),

-- Repairs of one machine in the order of their arrival: of the unit, else the serial, else the case, else alone.
machines as (
    select
        placed.*,
        case
            when placed.unit_number is null then coalesce(placed.serial_number, placed.own_ticket_id, placed.repair_id)
        end as machine_without_unit
    from placed
),

followed as (
    select
        machines.*,
        row_number() over (
            partition by order_id, line_number, unit_number, machine_without_unit order by received_at, repair_id
        ) as repair_number,
        lead(received_at) over (
            partition by order_id, line_number, unit_number, machine_without_unit order by received_at, repair_id
        ) as received_again_at
    from machines
)

select
    placed.repair_id,
    placed.own_ticket_id as ticket_id,
    placed.ticket_id as stated_ticket_id,
    placed.order_id,
    placed.line_number,
    placed.unit_number,
    placed.link_method,
    coalesce(placed.line_sku, placed.ticket_sku, placed.sku) as sku,
    coalesce(
        placed.line_family_code,
        case when placed.ticket_sku is not null then placed.ticket_family_code end,
        products.family_code,
        placed.family_code,
        'unknown'
    ) as family_code,
    placed.lot_code,
    placed.serial_number,
    placed.service_center_id,
    placed.fault_code,
    placed.fault_kind,
    placed.is_diagnosed,
    cast(placed.repair_number as bigint) as repair_number,
    placed.repair_number > 1 as is_repeat,
    {{ local_date('placed.received_again_at') }} as received_again_on,
    placed.picked_up_at,
    {{ local_date('placed.picked_up_at') }} as picked_up_on,
    placed.received_at,
    {{ local_date('placed.received_at') }} as received_on,
    placed.diagnosed_at,
    {{ local_date('placed.diagnosed_at') }} as diagnosed_on,
    placed.quoted_at,
    {{ local_date('placed.quoted_at') }} as quoted_on,
    placed.quote_accepted_at,
    {{ local_date('placed.quote_accepted_at') }} as quote_accepted_on,
    placed.repaired_at,
    {{ local_date('placed.repaired_at') }} as repaired_on,
    placed.returned_at,
    {{ local_date('placed.returned_at') }} as returned_on,
    placed.evidence_grade,
    placed.is_repairable,
    placed.labour_minutes,
    placed.labour_rate_eur_per_hour,
    placed.labour_cost_eur,
    placed.parts_cost_eur,
    placed.diagnosis_cost_eur,
    placed.inbound_cost_eur,
    placed.outbound_cost_eur,
    placed.quoted_total_eur,
    placed.coverage,
    placed.customer_charge_eur,
    placed.outcome,
    placed.resale_proceeds_eur,
    placed.technician_notes,
    placed.version_count,
    placed.is_version_conflict
from followed as placed
left join {{ ref('int_products__completed') }} as products on placed.sku = products.sku
