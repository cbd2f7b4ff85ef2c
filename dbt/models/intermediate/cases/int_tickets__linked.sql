-- By order line, else serial, else the latest purchase of the same customer and product at or before the request.
with tickets as (
    select
        tickets.*,
        coalesce(tickets.quantity, 1) as units,
        {{ serial_as_read('serial_number') }} as serial_key,
        {{ local_date('requested_at') }} as requested_on,
        {{ local_date('closed_at') }} as closed_on
    from {{ ref('stg_feeds__tickets') }} as tickets
),

diagnosed as (
    select distinct ticket_id from {{ ref('int_repairs__assigned') }} where is_diagnosed
),

-- 1. The order line that the ticket names; with an order alone, its line of that product, or its only line.
by_stated_line as (
    select tickets.ticket_id, lines.line_number
    from tickets
    inner join {{ ref('int_order_lines__in_service') }} as lines
        on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
),

by_order as (
    select ticket_id, line_number
    from (
        select
            tickets.ticket_id,
            lines.line_number,
            tickets.sku is null as is_any_product,
            coalesce(lines.sku = tickets.sku, false) as is_same_sku,
            count(*) over (partition by tickets.ticket_id) as candidates,
            row_number() over (
                partition by tickets.ticket_id
                order by case when lines.sku = tickets.sku then 0 else 1 end, lines.line_number
            ) as place
        from tickets
        inner join {{ ref('int_order_lines__in_service') }} as lines on tickets.order_id = lines.order_id
        where tickets.line_number is null
    ) as found
    where place = 1 and (is_same_sku or (is_any_product and candidates = 1))
),

by_order_line as (
    select ticket_id, line_number from by_stated_line
    union all
    select ticket_id, line_number from by_order
),

-- 2. The latest sale of the machine with that serial number.
serials as (
    select * from {{ ref('int_serials__listed') }}
),

serials_asked as (
    select
        tickets.ticket_id,
        tickets.requested_at,
        serials.order_id,
        serials.line_number,
        serials.unit_number,
        serials.named_at
    from tickets
    inner join serials on tickets.serial_key = serials.serial_number
),

by_serial as (
    select ticket_id, order_id, line_number
    from (
        select
            serials_asked.*,
            row_number() over (
                partition by ticket_id order by named_at desc, order_id desc, line_number desc
            ) as nearness
        from serials_asked
        where named_at <= requested_at
    ) as sales
    where nearness = 1
),

-- 3. The latest purchase. Sales and requests of one customer and product stand in one line by time; the number of sales
-- met so far is the number of the latest one. No pair of sale and request is ever formed but the right one.
requests as (
    select tickets.ticket_id, tickets.customer_id, tickets.sku, tickets.requested_at
    from tickets
    left join by_order_line on tickets.ticket_id = by_order_line.ticket_id
    left join by_serial on tickets.ticket_id = by_serial.ticket_id
    where
        by_order_line.ticket_id is null
        and by_serial.ticket_id is null
        and tickets.customer_id is not null
        and tickets.sku is not null
),

purchases as (
    select lines.customer_id, lines.sku, lines.order_id, lines.line_number, lines.contract_at
    from {{ ref('int_order_lines__in_service') }} as lines
    inner join (select distinct customer_id, sku from requests) as asked
        on lines.customer_id = asked.customer_id and lines.sku = asked.sku
    -- Cancelled before delivery: no purchase. Nor is an exchange.
    where (lines.cancelled_on is null or lines.is_in_service) and not lines.is_exchange
),

in_time as (
    select
        moments.*,
        sum(is_purchase) over (
            partition by customer_id, sku
            order by happened_at, is_purchase desc, order_id, line_number
            rows unbounded preceding
        ) as purchase_number
    from (
        select
            customer_id,
            sku,
            contract_at as happened_at,
            1 as is_purchase,
            order_id,
            line_number,
            cast(null as string) as ticket_id
        from purchases
        union all
        select
            customer_id,
            sku,
            requested_at as happened_at,
            0 as is_purchase,
            cast(null as string) as order_id,
            cast(null as string) as line_number,
            ticket_id
        from requests
    ) as moments
),

by_purchase as (
    select asked.ticket_id, bought.order_id, bought.line_number
    from in_time as asked
    inner join in_time as bought
        on
            asked.customer_id = bought.customer_id
            and asked.sku = bought.sku
            and asked.purchase_number = bought.purchase_number
            and bought.is_purchase = 1
    where asked.is_purchase = 0
),

-- An order line under which an exchange left stands for the unit that was sold.
exchange_lines as (
    select
        exchange_order_id,
        exchange_line_number,
        max(order_id) as order_id,
        max(line_number) as line_number,
        max(unit_number) as unit_number
    from {{ ref('int_exchanges__placed') }}
    where exchange_order_id is not null
    group by exchange_order_id, exchange_line_number
),

linked as (
    select
        tickets.*,
        coalesce(
            exchange_lines.order_id,
            case when by_order_line.ticket_id is not null then tickets.order_id end,
            by_serial.order_id,
            by_purchase.order_id
        ) as linked_order_id,
        coalesce(
            exchange_lines.line_number, by_order_line.line_number, by_serial.line_number, by_purchase.line_number
        ) as linked_line_number,
        exchange_lines.unit_number as exchanged_unit_number,
        case
            when by_order_line.ticket_id is not null then 'order_line'
            when by_serial.ticket_id is not null then 'serial'
            when by_purchase.ticket_id is not null then 'customer_sku'
            else 'none'
        end as link_method,
        -- A claim asks for help with a fault. A withdrawal is one only where a workshop found something; a question,
        -- also where the answer was a repair, a part or another machine.
        diagnosed.ticket_id is not null
        or case tickets.category
            when 'withdrawal' then false
            when 'question' then coalesce(tickets.resolution in ('repaired', 'spare_part_shipped', 'replaced'), false)
            else true
        end as is_claim
    from tickets
    left join by_order_line on tickets.ticket_id = by_order_line.ticket_id
    left join exchange_lines
        on
            tickets.order_id = exchange_lines.exchange_order_id
            and by_order_line.line_number = exchange_lines.exchange_line_number
    left join by_serial on tickets.ticket_id = by_serial.ticket_id
    left join by_purchase on tickets.ticket_id = by_purchase.ticket_id
    left join diagnosed on tickets.ticket_id = diagnosed.ticket_id
),

-- Position of the ticket's serial in the list of its own line.
serial_units as (
    select
        linked.ticket_id,
        min(serials_asked.unit_number) as unit_number
    from linked
    inner join serials_asked
        on
            linked.ticket_id = serials_asked.ticket_id
            and linked.linked_order_id = serials_asked.order_id
            and linked.linked_line_number = serials_asked.line_number
    group by linked.ticket_id
),

claims as (
    select
        linked.ticket_id,
        linked.linked_order_id,
        linked.linked_line_number,
        linked.requested_at,
        linked.units,
        linked.serial_key,
        coalesce(serial_units.unit_number, linked.exchanged_unit_number) as serial_unit_number
    from linked
    left join serial_units on linked.ticket_id = serial_units.ticket_id
    where linked.link_method <> 'none' and linked.is_claim
),

-- A serial that is not in the list of its line still names one machine: its later claims concern the unit of its first.
firsts as (
    select
        ticket_id,
        first_value(ticket_id) over (
            partition by linked_order_id, linked_line_number, serial_key order by requested_at, ticket_id
        ) as first_ticket_id
    from claims
    where serial_key is not null and serial_unit_number is null
),

-- Claims of a line in the order of their requests; only a claim that names no machine met before takes new units.
claims_counted as (
    select
        claims.*,
        firsts.first_ticket_id,
        cast(sum(
            case
                when claims.serial_unit_number is null and coalesce(firsts.first_ticket_id = claims.ticket_id, true)
                    then claims.units
                else 0
            end
        ) over (
            partition by claims.linked_order_id, claims.linked_line_number
            order by claims.requested_at, claims.ticket_id
            rows unbounded preceding
        ) - claims.units + 1 as bigint) as next_unit
    from claims
    left join firsts on claims.ticket_id = firsts.ticket_id
),

claims_placed as (
    select
        claims_counted.*,
        coalesce(claims_counted.serial_unit_number, first_claims.next_unit, claims_counted.next_unit) as place
    from claims_counted
    left join (
        select ticket_id, next_unit from claims_counted where first_ticket_id = ticket_id
    ) as first_claims
        on claims_counted.first_ticket_id = first_claims.ticket_id
),

claims_numbered as (
    select
        claims_placed.ticket_id,
        cast((claims_placed.place - 1) % greatest(lines.units, 1) + 1 as bigint) as unit_number,
        claims_placed.place + claims_placed.units - 1 > lines.units
        or row_number() over (
            partition by
                claims_placed.linked_order_id,
                claims_placed.linked_line_number,
                (claims_placed.place - 1) % greatest(lines.units, 1)
            order by claims_placed.requested_at, claims_placed.ticket_id
        ) > 1 as is_unit_repeat
    from claims_placed
    inner join {{ ref('int_order_lines__in_service') }} as lines
        on
            claims_placed.linked_order_id = lines.order_id
            and claims_placed.linked_line_number = lines.line_number
)

select
    linked.ticket_id,
    linked.customer_id,
    linked.linked_order_id as order_id,
    linked.linked_line_number as line_number,
    linked.order_id as stated_order_id,
    linked.line_number as stated_line_number,
    linked.link_method <> 'none' as is_linked,
    linked.link_method,
    linked.is_claim,
    claims_numbered.unit_number,
    coalesce(claims_numbered.is_unit_repeat, false) as is_unit_repeat,
    cast(linked.units as bigint) as units,
    coalesce(lines.sku, linked.sku) as sku,
    linked.sku as stated_sku,
    coalesce(lines.family_code, products.family_code, 'unknown') as family_code,
    coalesce(lines.supplier_id, products.supplier_id) as supplier_id,
    lines.lot_code,
    linked.serial_number,
    linked.quantity,
    linked.channel,
    linked.category,
    linked.requested_at,
    linked.requested_on,
    linked.first_replied_at,
    {{ local_date('linked.first_replied_at') }} as first_replied_on,
    linked.closed_at,
    linked.closed_on,
    linked.assignee_id,
    linked.description,
    linked.language_code,
    linked.defect_appeared_on,
    linked.is_unused,
    linked.engine_hours,
    linked.remote_attempted_at,
    {{ local_date('linked.remote_attempted_at') }} as remote_attempted_on,
    linked.is_remote_resolved,
    linked.requested_remedy,
    linked.withdrawal_requested_at,
    {{ local_date('linked.withdrawal_requested_at') }} as withdrawal_requested_on,
    linked.is_safety_issue,
    linked.paypal_case_opened_at,
    {{ local_date('linked.paypal_case_opened_at') }} as paypal_case_opened_on,
    linked.paypal_case_closed_at,
    {{ local_date('linked.paypal_case_closed_at') }} as paypal_case_closed_on,
    linked.paypal_case_outcome,
    linked.resolution,
    linked.written_reason_sent_at,
    {{ local_date('linked.written_reason_sent_at') }} as written_reason_sent_on,
    linked.replacement_shipped_at,
    {{ local_date('linked.replacement_shipped_at') }} as replacement_shipped_on,
    linked.replacement_delivered_at,
    {{ local_date('linked.replacement_delivered_at') }} as replacement_delivered_on,
    linked.refunded_at,
    {{ local_date('linked.refunded_at') }} as refunded_on,
    linked.refunded_amount_eur,
    linked.is_overturned,
    linked.satisfaction_score,
    linked.version_count,
    linked.is_version_conflict
from linked
left join claims_numbered on linked.ticket_id = claims_numbered.ticket_id
left join {{ ref('int_order_lines__in_service') }} as lines
    on linked.linked_order_id = lines.order_id and linked.linked_line_number = lines.line_number
left join {{ ref('int_products__completed') }} as products on linked.sku = products.sku
