{# No hole: every combination of condition values meets a row, in every version. Failing rows are the combinations. #}
{% test every_combination_has_a_first_match(model, version, is_law) %}
    {%- set conditions = law_conditions() if is_law else policy_conditions() %}
    with combinations as (
        {{ every_combination(conditions) }}
    ),

    matched as (
        {{ first_matching_rules('combinations', model, version, conditions) }}
    ),

    versions as (
        select distinct {{ version }} from {{ model }}
    )

    select versions.{{ version }}, combinations.*
    from combinations
    cross join versions
    left join matched
        on
            combinations.combination_key = matched.combination_key
            and versions.{{ version }} = matched.{{ version }}
    where matched.combination_key is null
{% endtest %}
