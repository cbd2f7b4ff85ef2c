{# The oldest version in force sets every number that the models read, and no version names another. Each failing row names
   the version, the parameter and what is wrong. #}
{% test parameters_are_known_and_complete(model, versions) %}
    with read_by_models as (
        {%- for parameter in policy_parameters() %}
        {{ 'union all ' if not loop.first }}select '{{ parameter }}' as parameter
        {%- endfor %}
    ),

    oldest as (
        select policy_version
        from ({{ version_periods(versions, 'policy_version') }}) as periods
        order by valid_from, policy_version
        limit 1
    )

    select oldest.policy_version, read_by_models.parameter, 'is not set, and no older version sets it' as problem
    from oldest
    cross join read_by_models
    left join {{ model }} as stated
        on oldest.policy_version = stated.policy_version and read_by_models.parameter = stated.parameter
    where stated.parameter is null
    union all
    select stated.policy_version, stated.parameter, 'is read by no model: look at the spelling' as problem
    from {{ model }} as stated
    left join read_by_models on stated.parameter = read_by_models.parameter
    where read_by_models.parameter is null
{% endtest %}
