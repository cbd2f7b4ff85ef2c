with latest as (
    {{ latest_versions('products', ['sku']) }}
),

known as (
    select
        sku,
        product_name,
        family_code,
        brand,
        supplier_id,
        power_source,
        weight_kg,
        unit_landed_cost_eur,
        list_price_incl_vat_eur,
        has_french_manual,
        wear_part_codes,
        updated_at,
        version_count,
        is_version_conflict
    from latest
)

select * from known
