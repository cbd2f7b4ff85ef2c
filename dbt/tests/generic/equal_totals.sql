{# An aggregate of this model equals an aggregate of another: nothing is lost and nothing is counted twice.
   The sum over no row is zero. #}
{% test equal_totals(model, expression, other_model, other_expression=none, where=none, other_where=none) %}
    select here.total as total_here, there.total as total_there
    from (select {{ expression }} as total from {{ model }}{% if where %} where {{ where }}{% endif %}) as here
    cross join (
        select {{ other_expression or expression }} as total
        from {{ other_model }}{% if other_where %} where {{ other_where }}{% endif %}
    ) as there
    where coalesce(here.total, 0) <> coalesce(there.total, 0)
{% endtest %}
