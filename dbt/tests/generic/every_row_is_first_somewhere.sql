{# No dead row: each row decides at least one combination of condition values. Failing rows are the dead ones. #}
{% test every_row_is_first_somewhere(model, version, is_law) %}
    {%- set conditions = law_conditions() if is_law else policy_conditions() %}
    with combinations as (
        {{ every_combination(conditions) }}
    ),

    matched as (
        {{ first_matching_rules('combinations', model, version, conditions) }}
    )

    select rules.{{ version }}, rules.rule_code, rules.priority
    from {{ model }} as rules
    left join (select distinct {{ version }}, rule_code from matched) as living
        on rules.{{ version }} = living.{{ version }} and rules.rule_code = living.rule_code
    where living.rule_code is null
{% endtest %}
