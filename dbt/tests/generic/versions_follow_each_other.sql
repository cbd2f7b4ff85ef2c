{# Each version begins on one day, and no two on the same: each ends the day before the next begins. A version without a day
   is a draft. Each failing row names the version and what is wrong. #}
{% test versions_follow_each_other(model, version) %}
    with dated as (
        select
            {{ version }},
            min(valid_from) as valid_from,
            count(distinct coalesce(cast(valid_from as {{ dbt.type_string() }}), '')) as starts
        from {{ model }}
        group by {{ version }}
    ),

    in_force as (
        select
            *,
            lag({{ version }}) over (order by valid_from, {{ version }}) as previous_version,
            lag(valid_from) over (order by valid_from, {{ version }}) as previous_from
        from dated
        where valid_from is not null
    )

    select {{ version }}, 'its rows do not all begin on the same day' as problem
    from dated
    where starts > 1
    union all
    select {{ version }}, concat('begins on the same day as ', previous_version) as problem
    from in_force
    where previous_from = valid_from
    union all
    select 'none' as {{ version }}, 'no version is in force' as problem
    from (select count(*) as versions from in_force) as counted
    where versions = 0
{% endtest %}
