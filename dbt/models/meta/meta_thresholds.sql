{{ config(alias='thresholds') }}

{#- One home each: the variables of dbt_project.yml. Queries and pages read them here. -#}
{%- for threshold, meaning in {
    'minimum_units_at_risk': 'Fewer units (claims, repairs) below a rate, and it says too few to say.',
    'minimum_events': 'Fewer events below a fit, and it says too few to say.',
    'minimum_events_of_week': 'Fewer events in a week, seen and expected, say nothing.',
    'weekly_false_alarm_share': 'How often the whole table of a week may call something higher though nothing changed.',
    'minimum_reported_share': 'Below this share of what will be known of a week, it is too young to say.',
    'center_false_alarm_share': 'How often any service centre may be called strict though all judge alike.',
    'minimum_expected_misuse': 'Fewer misuse verdicts expected of a centre say nothing about it.',
    'minimum_cohort_reported_share': 'Below this share of what will be known of a month of age, its failure rate is too young to say.',
    'minimum_expected_failures': 'Fewer failures expected in a cell, and chance alone would colour it.',
    'settled_share': 'From this share of closed claims on, a month counts as settled: the quick ones close first.',
    'doubtful_misfit': 'A curve that its life table would stray from less often than this by chance is doubted.',
    'watch_declared_false_alerts': 'False alerts of emerging defects a year that are declared over the whole tree.',
    'watch_bound_over_realised': 'By how much the bound on false alerts exceeds what simulated histories realise.',
    'watch_ordinary_ratio': 'Up to how many times its peers a node may claim without being news.',
    'watch_product_spread': 'Spread (standard deviation of the log ratio) between products of a family.',
    'watch_family_spread': 'Spread between families and seasons, for nodes without peers.',
    'watch_center_spread': 'Spread between workshops in how they code.',
    'watch_lag_months': 'A product is offset by its own claims of at least so many months ago.',
    'watch_minimum_units': 'Fewer units at risk at once, and a node is not watched.',
    'watch_minimum_claims': 'Fewer claims elsewhere, and none are expected of a node without peers.',
    'watch_minimum_diagnoses': 'Fewer diagnosed claims, and how a workshop codes is not judged.',
    'watch_false_discovery_share': 'Share of false ones among the findings of batch and online control.',
    'law_check_days': 'Days after which a row of the law must be held against its sources again.',
    'base_warranty_months': 'Civil months of the warranty from delivery, last day included.',
}.items() %}
{{ 'union all ' if not loop.first -}}
select
    cast('{{ threshold }}' as {{ dbt.type_string() }}) as threshold,
    cast({{ var(threshold) }} as double) as limit_value,
    cast('{{ meaning }}' as {{ dbt.type_string() }}) as meaning_en
{%- endfor %}
