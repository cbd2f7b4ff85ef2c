{#
  Purpose: in a select list, one row for each of 1..n.
  Parameters: n, an integer expression of at least 1.
  Usage: select ticket_id, {{ one_to('quantity') }} as event_number from …
#}
{% macro one_to(n) -%}
    {{ return(adapter.dispatch('one_to', 'savoir')(n)) }}
{%- endmacro %}

{% macro duckdb__one_to(n) -%}
    unnest(generate_series(cast(1 as bigint), cast({{ n }} as bigint)))
{%- endmacro %}

{% macro spark__one_to(n) -%}
    explode(sequence(cast(1 as bigint), cast({{ n }} as bigint)))
{%- endmacro %}

{#
  Purpose: a value as text, for sentences and for comparing keys.
  Parameters: expression.
  Usage: 'quantity is ' || {{ as_text('quantity') }}
#}
{% macro as_text(expression) -%}
    cast({{ expression }} as {{ dbt.type_string() }})
{%- endmacro %}

{#
  Purpose: a serial number as it is compared: without case, blanks and hyphens of any kind, as people retype it. Empty is none.
  Parameters: expression.
  Usage: {{ serial_as_read('serial_number') }} as serial_key
#}
{% macro serial_as_read(expression) -%}
    nullif(translate(upper({{ expression }}), '    -‐‑‒–—', ''), '')
{%- endmacro %}
