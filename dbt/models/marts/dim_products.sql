with products as (
    select * from {{ ref('int_products__completed') }}
),

families as (
    select * from {{ ref('family_labels') }}
)

select
    sku,
    product_name,
    products.family_code,
    label_en as family_label_en,
    label_fr as family_label_fr,
    brand,
    supplier_id,
    power_source,
    weight_kg,
    cast(unit_landed_cost_eur as decimal(18, 2)) as unit_landed_cost_eur,
    cast(list_price_incl_vat_eur as decimal(18, 2)) as list_price_incl_vat_eur,
    has_french_manual,
    wear_part_codes,
    is_listed
from products
left join families on products.family_code = families.family_code
