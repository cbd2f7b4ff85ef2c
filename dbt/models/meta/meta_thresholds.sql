{{ config(alias='thresholds') }}

{#- One home each: the variables of dbt_project.yml. Queries and pages read them here. -#}
{%- for threshold, meaning in {
    'minimum_units_at_risk': 'Fewer units (claims, repairs) below a rate, and it says too few to say.',
    'minimum_events': 'Fewer events below a fit, and it says too few to say.',
    'minimum_events_of_week': 'Fewer events in a week and its baseline together cannot tell a doubling from chance.',
    'minimum_expected_failures': 'Fewer failures expected in a cell, and chance alone would colour it.',
    'settled_share': 'From this share of closed claims on, a month counts as settled: the quick ones close first.',
    'doubtful_misfit': 'A curve that its life table would stray from less often than this by chance is doubted.',
    'law_check_days': 'Days after which a row of the law must be held against its sources again.',
    'base_warranty_months': 'Civil months of the guarantee from delivery, last day included.',
}.items() %}
{{ 'union all ' if not loop.first -}}
select
    cast('{{ threshold }}' as {{ dbt.type_string() }}) as threshold,
    cast({{ var(threshold) }} as double) as limit_value,
    cast('{{ meaning }}' as {{ dbt.type_string() }}) as meaning_en
{%- endfor %}
