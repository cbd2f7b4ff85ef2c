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

{#
  Purpose: the same for euros and their squares: the dearest quantity that the contract takes, squared and summed, has room.
  Parameters: x, a double expression.
  Usage: sum({{ exact_euros('power(loss, 2)') }})
#}
{% macro exact_euros(x) -%}
    cast({{ x }} as decimal(38, 12))
{%- endmacro %}

{#
  Purpose: a double, but no more than a limit; null stays null (`least` would give the limit).
  Parameters: x, a double expression; limit, a number.
  Usage: {{ at_most('log_spread', 2) }}
#}
{% macro at_most(x, limit) -%}
    case when {{ x }} > {{ limit }} then cast({{ limit }} as double) else {{ x }} end
{%- endmacro %}
