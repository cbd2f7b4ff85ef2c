-- Order lines that are no sale: the shop booked an exchange as an order. The ticket names the order; or the line cost nothing
-- and the same customer had a machine of that product replaced at that time.
with orders as (
    select
        orders.*,
        {{ local_date('contract_at') }} as contract_on
    from {{ ref('stg_feeds__orders') }} as orders
    -- Named by a ticket, or free of charge: few of all lines.
    where
        unit_price_eur = 0
        or order_id in (select replacement_order_id from {{ ref('stg_feeds__tickets') }} where replacement_order_id is not null)
),

exchanges as (
    select
        tickets.*,
        {{ local_date('coalesce(replacement_shipped_at, replacement_delivered_at, closed_at)') }} as exchanged_on
    from {{ ref('stg_feeds__tickets') }} as tickets
    where
        resolution = 'replaced'
        or replacement_shipped_at is not null
        or replacement_delivered_at is not null
        or replacement_order_id is not null
),

named as (
    select
        orders.order_id,
        orders.line_number,
        exchanges.ticket_id,
        exchanges.requested_at,
        0 as distance
    from orders
    inner join exchanges on orders.order_id = exchanges.replacement_order_id
    where
        coalesce(exchanges.order_id <> orders.order_id, true)
        and coalesce(exchanges.sku = orders.sku or orders.unit_price_eur = 0, true)
),

free_of_charge as (
    select
        orders.order_id,
        orders.line_number,
        exchanges.ticket_id,
        exchanges.requested_at,
        1 as distance
    from orders
    inner join exchanges on orders.customer_id = exchanges.customer_id
    where
        orders.unit_price_eur = 0
        and coalesce(exchanges.sku = orders.sku, true)
        and coalesce(exchanges.order_id <> orders.order_id, true)
        and exchanges.replacement_order_id is null
        and orders.contract_at >= exchanges.requested_at
        and coalesce({{ day_diff('exchanges.exchanged_on', 'orders.contract_on') }} between -14 and 14, true)
)

select order_id, line_number, ticket_id
from (
    select
        candidates.*,
        row_number() over (
            partition by order_id, line_number order by distance, requested_at desc, ticket_id desc
        ) as nearness
    from (
        select * from named
        union all
        select * from free_of_charge
    ) as candidates
) as ranked
where nearness = 1
