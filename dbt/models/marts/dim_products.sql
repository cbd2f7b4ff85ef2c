select
    sku,
    product_name,
    family_code,
    brand,
    supplier_id,
    power_source,
    weight_kg,
    cast(unit_landed_cost_eur as decimal(18, 2)) as unit_landed_cost_eur,
    cast(list_price_incl_vat_eur as decimal(18, 2)) as list_price_incl_vat_eur,
    has_french_manual,
    wear_part_codes,
    is_listed
from {{ ref('int_products__completed') }}
