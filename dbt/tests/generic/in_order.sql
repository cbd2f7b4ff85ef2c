{# Where both are known, the civil date in Paris of `later` is not before that of `earlier`. Only rows whose timestamps
   stand in the wrong order need a look at their dates. #}
{% test in_order(model, earlier, later) %}
    select {{ earlier }}, {{ later }}
    from {{ model }}
    where
        {{ later }} < {{ earlier }}
        and {{ local_date(later) }} < {{ local_date(earlier) }}
{% endtest %}
