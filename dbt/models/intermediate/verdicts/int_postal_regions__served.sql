-- Which authorised centres are near which postal region: in it, or within the radius of the centroid of a French department.
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

policies as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

departments as (

    select * from {{ ref('department_centroids') }}

),

near as (

    select
        centres.country_code,
        centres.region_code,
        centres.service_center_id,
        centres.family_codes,
        centres.is_any_family,
        centres.valid_from,
        centres.valid_to
    from centres
    where centres.region_code is not null

    union all

    select
        centres.country_code,
        departments.department_code as region_code,
        centres.service_center_id,
        centres.family_codes,
        centres.is_any_family,
        greatest(centres.valid_from, policies.period_from) as valid_from,
        least(centres.valid_to, policies.period_to) as valid_to
    from centres
    cross join departments
    inner join policies
        on
            {{ distance_km('centres.latitude', 'centres.longitude', 'departments.latitude', 'departments.longitude') }}
            <= policies.centre_radius_km
    where
        centres.country_code = 'FR'
        and centres.region_code is distinct from departments.department_code

)

select
    near.country_code,
    near.region_code,
    families.family_code,
    near.service_center_id,
    near.valid_from,
    near.valid_to
from near
inner join families
    on near.is_any_family or instr(near.family_codes, '|' || families.family_code || '|') > 0
where near.valid_from <= near.valid_to
