{# On any day a parameter (or whatever column `of` names) has at most one row. Each failing row names both rows. #}
{% test parameters_do_not_overlap(model, key, date_from, date_to, where='true', of='parameter') %}
    with dated as (
        select
            {{ key }} as row_name,
            {{ of }},
            coalesce({{ date_from }}, cast('1900-01-01' as date)) as period_from,
            coalesce({{ date_to }}, cast('9999-12-30' as date)) as period_to,
            row_number() over (order by {{ of }}, {{ date_from }}, {{ date_to }}) as position
        from {{ model }}
        where {{ where }}
    )

    select a.{{ of }}, a.row_name as one_row, b.row_name as another_row, a.period_from, a.period_to
    from dated as a
    inner join dated as b
        on
            a.{{ of }} = b.{{ of }}
            and a.position < b.position
            and a.period_from <= b.period_to
            and b.period_from <= a.period_to
{% endtest %}
