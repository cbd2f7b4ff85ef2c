{# None of the columns is ever null: one test for many columns, because each test costs a round trip. #}
{% test known_columns(model, columns) %}
    select *
    from {{ model }}
    where {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
