{#
  Purpose: an amount of money in whole cents, half a cent away from zero, equal on every engine.
  Parameters: expression — SQL of a decimal (never of a double: a double's half cent is an accident).
  Usage: {{ euros('unit_price_eur * landed_cost_share') }}
#}
{% macro euros(expression) -%}
    cast(round({{ expression }}, 2) as decimal(18,2))
{%- endmacro %}

{#
  Purpose: a quotient in whole cents, half a cent up, without a decimal division (DuckDB divides decimals as doubles, Spark does not).
    Both sides become integers of 1/10,000; a double holds their quotient well enough to take its floor exactly.
  Parameters: dividend, divisor — SQL of decimals or integers that are not negative, at most four digits after the point;
    a divisor of zero gives null.
  Usage: {{ euros_of_quotient('labour_minutes * labour_rate_eur_per_hour', 60) }}
#}
{% macro euros_of_quotient(dividend, divisor) -%}
    {#- As wide as can be: a price of a million times a quantity of a million is more than 18 digits hold. -#}
    {%- set dividend = 'cast((' ~ dividend ~ ') * cast(10000 as decimal(20,0)) as bigint)' -%}
    {%- set divisor = 'cast((' ~ divisor ~ ') * cast(10000 as decimal(20,0)) as bigint)' -%}
    cast(
        cast(floor(cast({{ dividend }} * 200 + {{ divisor }} as double) / nullif({{ divisor }} * 2, 0)) as bigint)
        * cast(0.01 as decimal(3,2)) as decimal(18,2)
    )
{%- endmacro %}

{#
  Purpose: the standard normal distribution function, to fifteen digits (Hart's rational approximation), with arithmetic and exp only.
  Parameters: x — SQL of a double; null stays null.
  Usage: {{ normal_share_below('z') }} — `z` is written out many times, so name a column, not a long expression.
#}
{% macro normal_share_below(x) -%}
    case
        when {{ x }} is null then null
        when abs({{ x }}) > 37 then case when {{ x }} > 0 then cast(1 as double) else cast(0 as double) end
        when {{ x }} > 0 then 1 - ({{ normal_tail('abs(' ~ x ~ ')') }})
        else {{ normal_tail('abs(' ~ x ~ ')') }}
    end
{%- endmacro %}

{% macro normal_tail(a) -%}
    {%- set above = ['3.52624965998911e-02', '0.700383064443688', '6.37396220353165', '33.912866078383', '112.079291497871', '221.213596169931', '220.206867912376'] -%}
    {%- set below = ['8.83883476483184e-02', '1.75566716318264', '16.064177579207', '86.7807322029461', '296.564248779674', '637.333633378831', '793.826512519948', '440.413735824752'] -%}
    case
        when {{ a }} < 7.071
            then exp(-{{ a }} * {{ a }} / 2)
                * ({{ polynomial(above, a) }})
                / ({{ polynomial(below, a) }})
        else exp(-{{ a }} * {{ a }} / 2)
            / ({{ a }} + 1 / ({{ a }} + 2 / ({{ a }} + 3 / ({{ a }} + 4 / ({{ a }} + 0.65)))))
            / 2.506628274631
    end
{%- endmacro %}

{% macro polynomial(coefficients, a) -%}
    {%- set ns = namespace(sql='cast(' ~ coefficients[0] ~ ' as double)') -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set ns.sql = '(' ~ ns.sql ~ ') * ' ~ a ~ ' + cast(' ~ coefficient ~ ' as double)' -%}
    {%- endfor -%}
    {{ ns.sql }}
{%- endmacro %}
