{#
  Purpose: the day that the marts speak of. No SQL of the project asks the clock.
  Parameters: none; the variable as_of must be given as an ISO date.
  Usage: where delivered_on <= {{ as_of_date() }}
#}
{% macro as_of_date() -%}
    {%- if execute and not var('as_of') -%}
        {{ exceptions.raise_compiler_error("The variable as_of is missing: pass --vars '{as_of: 2026-10-31}' (an ISO date).") }}
    {%- endif -%}
    cast('{{ var("as_of") or "1970-01-01" }}' as date)
{%- endmacro %}

{#
  Purpose: the UTC instant at which the as-of day ends in Paris. A timestamp before it belongs to the as-of day or earlier.
    Computed when the SQL is written, so that cutting a column costs one comparison.
  Parameters: none.
  Usage: where contract_at < {{ as_of_end() }}
#}
{% macro as_of_end() -%}
    {%- set day = modules.datetime.datetime.strptime((var('as_of') or '1970-01-01') | string, '%Y-%m-%d') -%}
    {%- set midnight = modules.pytz.timezone('Europe/Paris').localize(day + modules.datetime.timedelta(days=1)) -%}
    cast('{{ midnight.astimezone(modules.pytz.utc).strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp)
{%- endmacro %}

{#
  Purpose: a timestamp as it was known on the as-of day: null where it lies later.
  Parameters: timestamp_column.
  Usage: {{ known_at('shipped_at') }} as shipped_at
#}
{% macro known_at(timestamp_column) -%}
    case when {{ timestamp_column }} < {{ as_of_end() }} then {{ timestamp_column }} end
{%- endmacro %}

{#
  Purpose: a fact as it was known on the as-of day: null where the event that brought it lies later. A fact whose event has
    no timestamp is kept.
  Parameters: column, the fact; event, the timestamp of the event that brought it.
  Usage: {{ known_fact('resolution', 'closed_at') }} as resolution
#}
{% macro known_fact(column, event) -%}
    case when {{ event }} is null or {{ event }} < {{ as_of_end() }} then {{ column }} end
{%- endmacro %}
