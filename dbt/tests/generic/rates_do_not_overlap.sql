{# No day, family and weight has two equally specific rows of one rate: which one counts would be chance. #}
{% test rates_do_not_overlap(model) %}
    with numbered as (
        select
            rate_code,
            coalesce(family_code, '') as family_code,
            weight_from_kg,
            weight_to_kg,
            valid_from,
            coalesce(valid_to, cast('9999-12-30' as date)) as valid_to,
            weight_from_kg is not null or weight_to_kg is not null as is_weighed,
            row_number() over (order by rate_code, family_code, weight_from_kg, weight_to_kg, valid_from, rate) as row_id
        from {{ model }}
    )

    select
        one.rate_code,
        one.family_code,
        one.weight_from_kg,
        other.weight_to_kg,
        one.valid_from as one_from,
        other.valid_from as other_from
    from numbered as one
    inner join numbered as other
        on
            one.rate_code = other.rate_code
            and one.family_code = other.family_code
            and one.is_weighed = other.is_weighed
            and one.row_id < other.row_id
            and one.valid_from <= other.valid_to
            and other.valid_from <= one.valid_to
            and coalesce(one.weight_from_kg, -1) < coalesce(other.weight_to_kg, 100000)
            and coalesce(other.weight_from_kg, -1) < coalesce(one.weight_to_kg, 100000)
    union all
    select rate_code, family_code, weight_from_kg, weight_to_kg, valid_from, valid_to
    from numbered
    where valid_to < valid_from or weight_to_kg <= weight_from_kg
{% endtest %}
