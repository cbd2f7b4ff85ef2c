{#
  Every row keeps all that its table promises of a single row, and no two rows share a key. One test per table reads the
  table once for its rows and once for its key; a test per promise cost a reading and a round trip each. Each failing row
  comes whole, with the promises that it breaks in broken_rule.
  Arguments, all optional:
    key      the columns that identify a row; a null counts as a value
    known    columns that are never null
    codes    column → the values that it may have
    ranges   column → [smallest, largest], both allowed; null = no limit on that side
    orders   [earlier, later] timestamps: where both are known, the civil date in Paris of the second is not before the
             first's. Only rows whose timestamps stand in the wrong order need a look at their dates.
    rules    name → an expression that is true on every row (a null is not true)
#}
{% test rows_are_sound(model, key=[], known=[], codes={}, ranges={}, orders=[], rules={}) %}
    {%- set broken = [] -%}
    {%- for column in known -%}
        {%- do broken.append((column ~ ' is null', "'" ~ column ~ " is unknown'")) -%}
    {%- endfor -%}
    {%- for column, values in codes.items() -%}
        {%- set listed = [] -%}
        {%- for value in values -%}
            {%- do listed.append("'" ~ value ~ "'" if value is string else value | string) -%}
        {%- endfor -%}
        {%- do broken.append((
            column ~ ' not in (' ~ listed | join(', ') ~ ')',
            "'" ~ column ~ " is ' || " ~ as_text(column) ~ " || ', which is no code of it'"
        )) -%}
    {%- endfor -%}
    {%- for column, limits in ranges.items() -%}
        {%- set outside = [] -%}
        {%- if limits[0] is not none -%}{%- do outside.append(column ~ ' < ' ~ limits[0]) -%}{%- endif -%}
        {%- if limits[1] is not none -%}{%- do outside.append(column ~ ' > ' ~ limits[1]) -%}{%- endif -%}
        {%- do broken.append((
            '(' ~ outside | join(' or ') ~ ')',
            "'" ~ column ~ " is ' || " ~ as_text(column) ~ " || ', out of its range'"
        )) -%}
    {%- endfor -%}
    {%- for earlier, later in orders -%}
        {%- do broken.append((
            '(' ~ later ~ ' < ' ~ earlier ~ ' and ' ~ local_date(later) ~ ' < ' ~ local_date(earlier) ~ ')',
            "'" ~ later ~ ' lies before ' ~ earlier ~ "'"
        )) -%}
    {%- endfor -%}
    {%- for name, expression in rules.items() -%}
        {%- do broken.append(('not coalesce(' ~ expression ~ ', false)', "'" ~ name ~ "'")) -%}
    {%- endfor -%}

    {%- if broken %}
    select
        substr(
            {% for condition, words in broken -%}
            case when {{ condition }} then '; ' || {{ words }} else '' end{{ ' || ' if not loop.last }}
            {% endfor %},
            3
        ) as broken_rule,
        checked.*
    from {{ model }} as checked
    where
        {% for condition, words in broken -%}
        {{ condition }}{{ ' or ' if not loop.last }}
        {% endfor %}
    {%- endif %}
    {%- if broken and key %}
    union all
    {%- endif %}
    {%- if key %}
    select 'another row has the same {{ key | join(", ") }}' as broken_rule, checked.*
    from {{ model }} as checked
    inner join (
        select {{ key | join(', ') }}
        from {{ model }}
        group by {{ key | join(', ') }}
        having count(*) > 1
    ) as doubled
        on
            {% for column in key -%}
            coalesce({{ as_text('checked.' ~ column) }}, '') = coalesce({{ as_text('doubled.' ~ column) }}, '')
            {{- ' and ' if not loop.last }}
            {% endfor %}
    {%- endif %}
{% endtest %}
