{#- How often a machine that came in exchange may itself be exchanged and still be followed by name. -#}
{%- set hops = 4 -%}
-- What a machine that came in exchange is called (its serial, the order under which it left), and the unit sold that it goes
-- on from. A ticket names the old machine by its serial or its order line; that may be an exchanged machine itself.
with tickets as (
    select
        ticket_id,
        order_id,
        line_number,
        requested_at,
        {{ serial_as_read('serial_number') }} as old_serial_number,
        {{ serial_as_read('replacement_serial_number') }} as new_serial_number
    from {{ ref('stg_feeds__tickets') }}
),

lines as (
    select * from {{ ref('int_order_lines__in_service') }}
),

sold as (
    select * from {{ ref('int_serials__sold') }}
),

exchanged as (
    select * from {{ ref('int_order_lines__exchanged') }}
),

exchanges as (
    select * from tickets
    where
        new_serial_number is not null
        or ticket_id in (select ticket_id from exchanged)
),

-- Every name of a new machine: of one ticket, up to two serials and an order line.
names as (
    select ticket_id, new_serial_number as serial_number, cast(null as string) as order_id, cast(null as string) as line_number
    from exchanges
    where new_serial_number is not null
    union
    select exchanged.ticket_id, sold.serial_number, exchanged.order_id, exchanged.line_number
    from exchanged
    left join sold on exchanged.order_id = sold.order_id and exchanged.line_number = sold.line_number
),

by_serial as (
    select
        exchanges.ticket_id,
        sold.order_id,
        sold.line_number,
        sold.unit_number,
        row_number() over (
            partition by exchanges.ticket_id
            order by sold.contract_at desc, sold.order_id desc, sold.line_number desc, sold.unit_number
        ) as nearness
    from exchanges
    inner join sold on exchanges.old_serial_number = sold.serial_number and sold.contract_at <= exchanges.requested_at
    where not sold.is_exchange
),

placed_0 as (
    select
        exchanges.ticket_id,
        coalesce(by_serial.order_id, lines.order_id) as order_id,
        coalesce(by_serial.line_number, lines.line_number) as line_number,
        coalesce(by_serial.unit_number, case when lines.units = 1 then 1 end) as unit_number
    from exchanges
    left join by_serial on exchanges.ticket_id = by_serial.ticket_id and by_serial.nearness = 1
    left join lines
        on
            exchanges.order_id = lines.order_id
            and exchanges.line_number = lines.line_number
            and not lines.is_exchange
    where by_serial.ticket_id is not null or lines.order_id is not null
),
{%- for hop in range(1, hops) %}

placed_{{ hop }} as (
    select ticket_id, order_id, line_number, unit_number
    from (
        select
            exchanges.ticket_id,
            before.order_id,
            before.line_number,
            before.unit_number,
            row_number() over (partition by exchanges.ticket_id order by before.ticket_id desc) as nearness
        from exchanges
        inner join names
            on
                exchanges.old_serial_number = names.serial_number
                or (exchanges.order_id = names.order_id and exchanges.line_number = names.line_number)
        inner join placed_{{ hop - 1 }} as before on names.ticket_id = before.ticket_id
        where
            names.ticket_id <> exchanges.ticket_id
            and exchanges.ticket_id not in (
                {%- for earlier in range(hop) %}
                select ticket_id from placed_{{ earlier }}{{ ' union all' if not loop.last }}
                {%- endfor %}
            )
    ) as candidates
    where nearness = 1
),
{%- endfor %}

placed as (
    {%- for hop in range(hops) %}
    select * from placed_{{ hop }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    names.ticket_id,
    names.serial_number as new_serial_number,
    names.order_id as exchange_order_id,
    names.line_number as exchange_line_number,
    exchanges.requested_at as exchanged_at,
    placed.order_id,
    placed.line_number,
    cast(placed.unit_number as bigint) as unit_number
from names
inner join placed on names.ticket_id = placed.ticket_id
inner join exchanges on names.ticket_id = exchanges.ticket_id
