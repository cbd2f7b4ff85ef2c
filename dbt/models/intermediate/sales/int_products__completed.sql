-- A sku that an order, a ticket or a repair names but the product feed lacks gets a row too: its claims must have
-- somewhere to go.
with listed as (
    select * from {{ ref('stg_feeds__products') }}
),

named as (
    select sku from {{ ref('stg_feeds__orders') }}
    union
    select sku from {{ ref('stg_feeds__tickets') }} where sku is not null
    union
    select sku from {{ ref('stg_feeds__repairs') }} where sku is not null
),

unlisted as (
    select named.sku
    from named
    left join listed on named.sku = listed.sku
    where listed.sku is null
),

completed as (
    select
        sku,
        product_name,
        coalesce(family_code, 'unknown') as family_code,
        brand,
        supplier_id,
        power_source,
        weight_kg,
        unit_landed_cost_eur,
        list_price_incl_vat_eur,
        has_french_manual,
        wear_part_codes,
        true as is_listed
    from listed
    union all
    select
        sku,
        cast(null as string) as product_name,
        'unknown' as family_code,
        cast(null as string) as brand,
        cast(null as string) as supplier_id,
        cast(null as string) as power_source,
        cast(null as double) as weight_kg,
        cast(null as decimal(18, 4)) as unit_landed_cost_eur,
        cast(null as decimal(18, 4)) as list_price_incl_vat_eur,
        cast(null as boolean) as has_french_manual,
        cast(null as string) as wear_part_codes,
        false as is_listed
    from unlisted
)

select * from completed
