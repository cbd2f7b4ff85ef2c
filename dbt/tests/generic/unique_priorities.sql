{# Within a version no two rows have the same priority: a doubled one would leave the verdict to chance. #}
{% test unique_priorities(model, version) %}
    select {{ version }}, priority, min(rule_code) as one_row, max(rule_code) as another_row, count(*) as rows_found
    from {{ model }}
    group by {{ version }}, priority
    having count(*) > 1
{% endtest %}
