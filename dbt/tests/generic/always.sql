{# The expression is true on every row (a null is not true). #}
{% test always(model, expression) %}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
