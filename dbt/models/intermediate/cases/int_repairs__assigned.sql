-- Which case a repair order belongs to, and what was found: before the case itself is linked to a sale.
with repairs as (
    select * from {{ ref('stg_feeds__repairs') }}
),

tickets as (
    select ticket_id, serial_number, requested_at from {{ ref('stg_feeds__tickets') }}
),

fault_codes as (
    select fault_code, fault_kind from {{ ref('fault_codes') }}
),

-- A repair without a case of its own belongs to the latest case of the same machine before the workshop received it.
by_serial as (
    select repair_id, ticket_id
    from (
        select
            repairs.repair_id,
            tickets.ticket_id,
            row_number() over (
                partition by repairs.repair_id order by tickets.requested_at desc, tickets.ticket_id desc
            ) as nearness
        from repairs
        inner join tickets
            on
                {{ serial_as_read('repairs.serial_number') }} = {{ serial_as_read('tickets.serial_number') }}
                and tickets.requested_at <= repairs.received_at
        where repairs.ticket_id is null
    ) as candidates
    where nearness = 1
)

select
    repairs.repair_id,
    coalesce(tickets.ticket_id, by_serial.ticket_id) as ticket_id,
    repairs.ticket_id as stated_ticket_id,
    repairs.received_at,
    repairs.diagnosed_at,
    repairs.fault_code,
    fault_codes.fault_kind,
    fault_codes.fault_kind is not null as is_diagnosed
from repairs
left join tickets on repairs.ticket_id = tickets.ticket_id
left join by_serial on repairs.repair_id = by_serial.repair_id
left join fault_codes on repairs.fault_code = fault_codes.fault_code
