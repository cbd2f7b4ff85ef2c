{#
  Purpose: the causes that a lifetime may end by, in the order of the glossary. `any` is the first claim whatever its cause;
    a return is no claim, so it is not in `any`.
  Parameters: none.
  Usage: {% for cause in lifetime_causes() %} … {% endfor %}
#}
{% macro lifetime_causes() -%}
    {{ return(['any', 'defect', 'misuse', 'wear', 'no_fault', 'transit', 'missing_part', 'return', 'unknown']) }}
{%- endmacro %}

{#
  Purpose: the first events of a lifetime that are counted. Bound `known` is the first claim of the cause; `possible` the first
    that is of the cause or of an unknown one; `suspected` counts misuse verdicts too, which are fallible.
  Parameters: none.
  Usage: {% for event in lifetime_events() %} first_{{ event.name }}_on … where bound = '{{ event.bound }}' {% endfor %}
#}
{% macro lifetime_events() -%}
    {%- set events = [] -%}
    {%- for cause in lifetime_causes() -%}
        {%- do events.append({'name': cause, 'cause': cause, 'bound': 'known', 'causes': [cause]}) -%}
    {%- endfor -%}
    {%- for cause in ['defect', 'misuse', 'wear', 'no_fault', 'transit', 'missing_part'] -%}
        {%- do events.append(
            {'name': cause ~ '_possible', 'cause': cause, 'bound': 'possible', 'causes': [cause, 'unknown']}
        ) -%}
    {%- endfor -%}
    {%- do events.append({
        'name': 'defect_suspected', 'cause': 'defect', 'bound': 'suspected', 'causes': ['defect', 'unknown', 'misuse']
    }) -%}
    {{ return(events) }}
{%- endmacro %}

{#
  Purpose: the month in service, 1 to 24, of an age in days.
  Parameters: days, an integer expression that is not negative.
  Usage: {{ age_month('age_days') }} as age_month
#}
{% macro age_month(days) -%}
    cast(least(24, floor({{ days }} / {{ days_per_month() }}) + 1) as bigint)
{%- endmacro %}

{#
  Purpose: how long a month of age is (pipelines/months.py holds the same number, and a test both to it).
  Parameters: none.
  Usage: cast(age_days as double) / {{ days_per_month() }} as age_months
#}
{% macro days_per_month() -%}
    30.4375
{%- endmacro %}

{#
  Purpose: the days of age from which on a machine counts in the next band of age of the weekly counts: its first month, to the
    end of the third, of the sixth, of the first year, of the eighteenth month, and after.
  Parameters: none.
  Usage: {% for first_day in exposure_age_bands() %} … {% endfor %}
#}
{% macro exposure_age_bands() -%}
    {{ return([0, 31, 92, 183, 366, 548]) }}
{%- endmacro %}
