{#
  Purpose: the natural logarithm, null where it does not exist (engines differ: an error, null, or minus infinity).
  Parameters: x, a double expression.
  Usage: {{ safe_ln('1 - hazard') }}
#}
{% macro safe_ln(x) -%}
    case when {{ x }} > 0 then ln({{ x }}) end
{%- endmacro %}

{#
  Purpose: a double as a decimal of 20 places, so that sums of it do not depend on the order of the rows.
  Parameters: x, a double expression.
  Usage: sum({{ exact(safe_ln('1 - hazard')) }}) over (partition by … order by age_month)
#}
{% macro exact(x) -%}
    cast({{ x }} as decimal(30, 20))
{%- endmacro %}
