with latest as (
    {{ latest_versions('service_centers', ['service_center_id']) }}
),

known as (
    select
        service_center_id,
        name,
        postal_code,
        country_code,
        latitude,
        longitude,
        family_codes,
        is_warranty_authorised,
        labour_rate_eur_per_hour,
        valid_from,
        valid_to,
        updated_at,
        version_count,
        is_version_conflict
    from latest
)

select * from known
