{# Each version has one pair of dates, and the versions in force follow each other without a gap or an overlap, the last
   one open. A version without dates is a draft. Each failing row names the version and what is wrong. #}
{% test versions_follow_each_other(model, version) %}
    with dated as (
        select
            {{ version }},
            min(valid_from) as valid_from,
            max(valid_to) as valid_to,
            count(distinct coalesce(cast(valid_from as {{ dbt.type_string() }}), '')) as starts,
            count(distinct coalesce(cast(valid_to as {{ dbt.type_string() }}), '')) as ends
        from {{ model }}
        group by {{ version }}
    ),

    in_force as (
        select
            *,
            lag({{ version }}) over (order by valid_from, {{ version }}) as previous_version,
            lag(valid_to) over (order by valid_from, {{ version }}) as previous_to,
            lead({{ version }}) over (order by valid_from, {{ version }}) as next_version
        from dated
        where valid_from is not null
    )

    select {{ version }}, 'its rows do not all have the same dates' as problem
    from dated
    where starts > 1 or ends > 1
    union all
    select {{ version }}, concat('overlaps ', previous_version) as problem
    from in_force
    where previous_version is not null and (previous_to is null or previous_to >= valid_from)
    union all
    select {{ version }}, concat('leaves a gap after ', previous_version) as problem
    from in_force
    where previous_to < {{ add_days('valid_from', -1) }}
    union all
    select {{ version }}, 'ends, and no version follows' as problem
    from in_force
    where next_version is null and valid_to is not null
    union all
    select 'none' as {{ version }}, 'no version is in force' as problem
    from (select count(*) as versions from in_force) as counted
    where versions = 0
{% endtest %}
