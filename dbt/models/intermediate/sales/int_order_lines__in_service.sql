with lines as (
    select
        orders.*,
        {{ local_date('contract_at') }} as contract_on,
        {{ local_date('paid_at') }} as paid_on,
        {{ local_date('shipped_at') }} as shipped_on,
        {{ local_date('delivered_at') }} as known_delivered_on,
        {{ local_date('cancelled_at') }} as cancelled_on
    from {{ ref('stg_feeds__orders') }} as orders
),

products as (
    select * from {{ ref('int_products__completed') }}
),

exchanged as (
    select * from {{ ref('int_order_lines__exchanged') }}
),

-- The exact lower median of days from shipping to delivery, from counts per number of days: functions for medians differ
-- between engines, and counting is cheaper than sorting. Country '*' is all countries, for a country never delivered to.
lags as (
    select
        country_code,
        {{ day_diff('shipped_on', 'known_delivered_on') }} as lag_days,
        count(*) as lines
    from lines
    where shipped_on is not null and known_delivered_on is not null
    group by country_code, {{ day_diff('shipped_on', 'known_delivered_on') }}
),

lags_by_country as (
    select country_code, lag_days, lines from lags where country_code is not null
    union all
    select '*' as country_code, lag_days, lines from lags
),

lags_counted as (
    select
        country_code,
        lag_days,
        sum(lines) over (partition by country_code order by lag_days rows unbounded preceding) as lines_up_to,
        sum(lines) over (partition by country_code) as lines_of_country
    from (
        select country_code, lag_days, sum(lines) as lines
        from lags_by_country
        group by country_code, lag_days
    ) as summed
),

median_lags as (
    select country_code, min(lag_days) as median_lag_days
    from lags_counted
    where 2 * lines_up_to >= lines_of_country
    group by country_code
),

estimated as (
    select
        lines.*,
        coalesce(own.median_lag_days, overall.median_lag_days, 0) as country_lag_days
    from lines
    left join median_lags as own on lines.country_code = own.country_code
    left join median_lags as overall on overall.country_code = '*'
),

-- An estimate later than the as-of day is no delivery yet.
delivered as (
    select
        estimated.*,
        case
            when known_delivered_on is not null then known_delivered_on
            when {{ add_days('shipped_on', 'country_lag_days') }} <= {{ as_of_date() }}
                then {{ add_days('shipped_on', 'country_lag_days') }}
        end as delivered_on
    from estimated
)

select
    delivered.order_id,
    delivered.line_number,
    delivered.sku,
    products.family_code,
    products.supplier_id,
    products.is_listed,
    delivered.lot_code,
    delivered.quantity,
    -- Under an exchange the machine of another line goes on: no unit of its own.
    case when exchanged.order_id is null then delivered.quantity else cast(0 as bigint) end as units,
    exchanged.order_id is not null as is_exchange,
    delivered.contract_at,
    delivered.contract_on,
    delivered.paid_on,
    delivered.shipped_on,
    delivered.country_lag_days,
    delivered.delivered_on,
    delivered.delivered_on is not null and delivered.known_delivered_on is null as is_delivery_estimated,
    {{ add_months('delivered.delivered_on', var('base_warranty_months')) }} as base_warranty_end_on,
    delivered.cancelled_on,
    -- Cancelled before anybody received it: never in service. Cancelled afterwards: in service until that day.
    exchanged.order_id is null
    and delivered.delivered_on is not null
    and (
        delivered.cancelled_on is null
        or coalesce(delivered.cancelled_on > delivered.known_delivered_on, false)
    ) as is_in_service,
    delivered.item_condition,
    delivered.customer_type,
    delivered.customer_id,
    delivered.country_code,
    delivered.postal_code,
    delivered.payment_method,
    delivered.unit_price_eur,
    coalesce(delivered.unit_landed_cost_eur, products.unit_landed_cost_eur) as unit_landed_cost_eur,
    delivered.invoice_number,
    {{ local_date('delivered.invoice_sent_at') }} as invoice_sent_on,
    delivered.serial_numbers,
    delivered.version_count,
    delivered.is_version_conflict
from delivered
inner join products on delivered.sku = products.sku
left join exchanged on delivered.order_id = exchanged.order_id and delivered.line_number = exchanged.line_number
