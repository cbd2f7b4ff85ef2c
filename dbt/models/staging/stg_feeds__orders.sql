with latest as (
    {{ latest_versions('orders', ['order_id', 'line_number']) }}
),

known as (
    select
        order_id,
        line_number,
        contract_at,
        {{ known_at('paid_at') }} as paid_at,
        payment_method,
        customer_id,
        customer_type,
        country_code,
        postal_code,
        sku,
        quantity,
        unit_price_eur,
        unit_landed_cost_eur,
        item_condition,
        invoice_number,
        {{ known_at('invoice_sent_at') }} as invoice_sent_at,
        {{ known_at('shipped_at') }} as shipped_at,
        {{ known_at('delivered_at') }} as delivered_at,
        {{ known_at('cancelled_at') }} as cancelled_at,
        serial_numbers,
        lot_code,
        updated_at,
        version_count,
        is_version_conflict
    from latest
    where contract_at < {{ as_of_end() }}
)

select * from known
