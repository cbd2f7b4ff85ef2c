{#
  Purpose: what a returned machine brings: scrap, or its resale once repaired, whichever is more. The work stands here too,
    because a machine that does not run cannot be sold as one that does.
  Parameters: scrap; resale_before_work (resale net of fee, at most the cost of a new one, less reconditioning); work — SQL of decimals.
    Unknown work gives null.
  Usage: {{ salvage_eur('scrap_eur', 'resale_before_work_eur', 'work_eur') }}
#}
{% macro salvage_eur(scrap, resale_before_work, work) -%}
    case
        when {{ work }} is not null and {{ resale_before_work }} is not null
            then greatest({{ scrap }}, cast({{ resale_before_work }} - {{ work }} as decimal(18,2)))
    end
{%- endmacro %}

{#
  Purpose: the work (labour and parts) below which repair is strictly cheaper, in closed form.
    With A = repair before work, B = replacement before salvage, s = scrap, V = resale before work, the difference
    repair − replacement = A + R − B + max(s, V − R) is flat at A − B + V while R < V − s, then rises by one euro per euro.
    So it crosses zero at B − A − s, unless it starts at or above zero: then no work is cheap enough and the answer is 0.
  Parameters: the four amounts — SQL of decimals.
  Usage: {{ break_even_work_eur('repair_before_work_eur', 'replacement_before_salvage_eur', 'scrap_eur', 'resale_before_work_eur') }}
#}
{% macro break_even_work_eur(repair_before_work, replacement_before_salvage, scrap, resale_before_work) -%}
    case
        when {{ resale_before_work }} is null then null
        when
            {{ repair_before_work }} - {{ replacement_before_salvage }} + greatest({{ scrap }}, {{ resale_before_work }})
            < 0
            then cast({{ replacement_before_salvage }} - {{ repair_before_work }} - {{ scrap }} as decimal(18,2))
        when {{ repair_before_work }} is not null and {{ replacement_before_salvage }} is not null
            and {{ scrap }} is not null
            then cast(0 as decimal(18,2))
    end
{%- endmacro %}
