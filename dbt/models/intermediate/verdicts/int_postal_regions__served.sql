-- How far each authorised centre is from each postal region: in it, or from the centroid of a French department.
with centres as (

    select
        service_center_id,
        coalesce(country_code, 'FR') as country_code,
        {{ postal_region('country_code', 'postal_code') }} as region_code,
        latitude,
        longitude,
        '|' || family_codes || '|' as family_codes,
        family_codes is null as is_any_family,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-30' as date)) as valid_to
    from {{ ref('stg_feeds__service_centers') }}
    where is_warranty_authorised

),

families as (

    select distinct family_code from {{ ref('int_products__completed') }}

),

departments as (

    select * from {{ ref('department_centroids') }}

),

distances as (

    select
        centres.country_code,
        centres.region_code,
        centres.service_center_id,
        centres.family_codes,
        centres.is_any_family,
        centres.valid_from,
        centres.valid_to,
        cast(0 as decimal(9,3)) as distance_km
    from centres
    where centres.region_code is not null

    union all

    -- To the metre, so that engines agree on what is near.
    select
        centres.country_code,
        departments.department_code as region_code,
        centres.service_center_id,
        centres.family_codes,
        centres.is_any_family,
        centres.valid_from,
        centres.valid_to,
        cast(round({{ distance_km('centres.latitude', 'centres.longitude', 'departments.latitude', 'departments.longitude') }}, 3)
            as decimal(9,3)) as distance_km
    from centres
    cross join departments
    where
        centres.country_code = 'FR'
        and centres.region_code is distinct from departments.department_code
        and centres.latitude is not null
        and centres.longitude is not null

)

select
    distances.country_code,
    distances.region_code,
    families.family_code,
    distances.service_center_id,
    distances.valid_from,
    distances.valid_to,
    distances.distance_km
from distances
inner join families
    on distances.is_any_family or instr(distances.family_codes, '|' || families.family_code || '|') > 0
where distances.valid_from <= distances.valid_to
