{# Every row gives a verdict that exists; failing rows are the rule rows. #}
{% test outcomes_are_known(model, version) %}
    select rules.{{ version }}, rules.rule_code, rules.outcome
    from {{ model }} as rules
    left join {{ ref('verdict_outcomes') }} as outcomes on rules.outcome = outcomes.outcome
    where outcomes.outcome is null
{% endtest %}
