-- What a watch for emerging defects compares: how many machines of a lot were delivered in a month, and until when they
-- were watched. A machine that replaced another is of no lot that anyone knows.
with lifetimes as (
    select
        sku,
        family_code,
        supplier_id,
        lot_code,
        {{ month_of('entered_on') }} as delivery_month,
        {{ month_of('ended_on') }} as end_month,
        units
    from {{ ref('int_lifetimes__observed') }}
),

products as (
    select sku, power_source from {{ ref('int_products__completed') }}
)

select
    lifetimes.family_code,
    products.power_source,
    lifetimes.supplier_id,
    lifetimes.sku,
    lifetimes.lot_code,
    lifetimes.delivery_month,
    lifetimes.end_month,
    cast(sum(lifetimes.units) as bigint) as units
from lifetimes
left join products on lifetimes.sku = products.sku
group by
    lifetimes.family_code,
    products.power_source,
    lifetimes.supplier_id,
    lifetimes.sku,
    lifetimes.lot_code,
    lifetimes.delivery_month,
    lifetimes.end_month
