select
    service_center_id,
    name,
    postal_code,
    country_code,
    latitude,
    longitude,
    family_codes,
    is_warranty_authorised,
    cast(labour_rate_eur_per_hour as decimal(18, 2)) as labour_rate_eur_per_hour,
    valid_from,
    valid_to
from {{ ref('int_service_centers__latest') }}
