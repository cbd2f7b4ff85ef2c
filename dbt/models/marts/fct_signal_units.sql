-- Where the machines of an alert are: each that is still under warranty, with the order that leads to its owner.
with alerts as (
    select signal_id, family_code, power_source, sku, lot_code, supplier_id, delivery_month
    from {{ source('reliability', 'signals') }}
    where status in ('alert', 'confirmed') and method <> 'coding'
),

lines as (
    select * from {{ ref('int_order_lines__in_service') }} where is_in_service
),

touched as (
    select * from {{ ref('int_lifetimes__with_events') }}
),

of_alerts as (
    select
        alerts.signal_id,
        lines.order_id,
        lines.line_number,
        lines.sku,
        lines.family_code,
        lines.supplier_id,
        lines.lot_code,
        lines.country_code,
        lines.delivered_on,
        lines.base_warranty_end_on,
        lines.cancelled_on,
        lines.units
    from lines
    left join {{ ref('int_products__completed') }} as products on lines.sku = products.sku
    inner join alerts
        on
            lines.family_code = alerts.family_code
            and (alerts.power_source is null or alerts.power_source = products.power_source)
            and (alerts.sku is null or alerts.sku = lines.sku)
            and (alerts.lot_code is null or alerts.lot_code = lines.lot_code)
            and (alerts.supplier_id is null or alerts.supplier_id = lines.supplier_id)
            and (alerts.delivery_month is null or alerts.delivery_month = {{ month_of('lines.delivered_on') }})
),

numbered as (
    select of_alerts.*, {{ one_to('units') }} as unit_number
    from of_alerts
),

machines as (
    select
        numbered.signal_id,
        numbered.order_id,
        numbered.line_number,
        cast(numbered.unit_number as bigint) as unit_number,
        numbered.sku,
        numbered.family_code,
        numbered.supplier_id,
        numbered.lot_code,
        numbered.country_code,
        numbered.delivered_on,
        numbered.base_warranty_end_on,
        touched.first_any_on is not null as has_claimed,
        numbered.cancelled_on,
        coalesce(touched.end_kind, 'none') as end_kind
    from numbered
    left join touched
        on
            numbered.order_id = touched.order_id
            and numbered.line_number = touched.line_number
            and numbered.unit_number = touched.unit_number
            and touched.lifetime_number = 1
),

serials as (
    select order_id, line_number, unit_number, max(printed_serial_number) as serial_number
    from {{ ref('int_serials__listed') }}
    group by order_id, line_number, unit_number
)

select
    machines.signal_id,
    machines.family_code,
    machines.sku,
    machines.supplier_id,
    machines.lot_code,
    machines.order_id,
    machines.line_number,
    machines.unit_number,
    serials.serial_number,
    machines.country_code,
    machines.delivered_on,
    machines.base_warranty_end_on,
    machines.has_claimed
from machines
left join serials
    on
        machines.order_id = serials.order_id
        and machines.line_number = serials.line_number
        and machines.unit_number = serials.unit_number
where
    machines.end_kind in ('none', 'as_of')
    and machines.base_warranty_end_on >= {{ as_of_date() }}
    and machines.delivered_on <= {{ as_of_date() }}
    and (machines.cancelled_on is null or machines.cancelled_on > {{ as_of_date() }})
