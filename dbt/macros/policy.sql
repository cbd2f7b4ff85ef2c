{#
  Purpose: the conditions of the decision table and every value that each can take; their product is what the tests
    enumerate (40,960 combinations).
  Parameters: none.
  Usage: {% for condition, values in policy_conditions().items() %} … {% endfor %}
#}
{% macro policy_conditions() -%}
    {{ return({
        'order_found': ['true', 'false'],
        'paypal_state': ['none', 'open', 'closed_refunded', 'closed_kept'],
        'is_withdrawal': ['true', 'false'],
        'is_remote_resolved': ['true', 'false'],
        'is_in_warranty': ['true', 'false'],
        'cause': ['pending', 'misuse', 'wear', 'no_fault', 'defect'],
        'is_legal_escalation': ['true', 'false'],
        'is_self_fit_part': ['true', 'false'],
        'is_used': ['true', 'false'],
        'is_repairable': ['true', 'false'],
        'is_repair_cheaper': ['true', 'false'],
        'has_stock': ['true', 'false'],
        'is_center_near': ['true', 'false'],
    }) }}
{%- endmacro %}

{#
  Purpose: the conditions of the law: those of the policy, but for the seller's own limit of a repair's price, which is none
    of the law's; and the consumer's choice.
  Parameters: none.
  Usage: {{ first_matching_rules('combinations', 'rules', 'regime', law_conditions()) }}
#}
{% macro law_conditions() -%}
    {%- set conditions = {} -%}
    {%- for condition, values in policy_conditions().items() -%}
        {%- do conditions.update({'is_repair_less_costly' if condition == 'is_repair_cheaper' else condition: values}) -%}
    {%- endfor -%}
    {%- do conditions.update({
        'requested_remedy': ['repair', 'replacement', 'refund', 'part', 'unstated'],
        'is_disproportionate': ['true', 'false'],
    }) -%}
    {{ return(conditions) }}
{%- endmacro %}

{#
  Purpose: the columns of int_claims__conditions that hold a condition under another name, because tickets, prices and warranty
    say something else under that one: an unknown is decided there.
  Parameters: none.
  Usage: {{ condition_columns().get('cause', 'cause') }}
#}
{% macro condition_columns() -%}
    {{ return({
        'cause': 'verdict_cause',
        'is_in_warranty': 'is_warranty_running',
        'is_remote_resolved': 'is_solved_remotely',
        'is_repair_less_costly': 'is_repair_not_dearer',
        'requested_remedy': 'exercised_remedy',
    }) }}
{%- endmacro %}

{#
  Purpose: the conditions as columns under the names of the decision tables.
  Parameters: conditions, their names; alias, of int_claims__conditions.
  Usage: select {{ named_conditions(law_conditions()) }} from {{ ref('int_claims__conditions') }} as facts
#}
{% macro named_conditions(conditions, alias='facts') -%}
    {%- for condition in conditions -%}
        {%- set column = condition_columns().get(condition, condition) -%}
        {{ alias }}.{{ column }}{{ ' as ' ~ condition if column != condition }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#
  Purpose: the numbers and switches that a policy version sets (seed policy_parameters), with the type that models read.
  Parameters: none.
  Usage: {% for parameter, type in policy_parameters().items() %} … {% endfor %}
#}
{% macro policy_parameters() -%}
    {{ return({
        'paypal_hold_months': 'integer',
        'unused_engine_hours': 'double',
        'unused_report_days': 'integer',
        'center_radius_km': 'double',
        'repeat_fault_days': 'integer',
        'repair_limit_ratio': 'decimal(9,4)',
        'disproportion_ratio': 'decimal(9,4)',
        'has_stock': 'boolean',
        'is_extension_cumulative': 'boolean',
        'professional_warranty_months': 'integer',
        'invoice_tolerance_hours': 'integer',
        'assignment_days': 'integer',
        'exchange_target_days': 'integer',
        'repair_target_days': 'integer',
    }) }}
{%- endmacro %}

{#
  Purpose: the facts that depend on a version's numbers, each as the comparison of a claim's measures with them. The models
    judge by it, dim_policy_conditions publishes it, and a replay puts other numbers in: one home for each formula. It says
    nothing that two engines say differently.
  Parameters: none; the names are columns of fct_policy_measures and parameters of policy_parameters().
  Usage: {{ policy_facts()['is_used'] }} as is_used
#}
{% macro policy_facts() -%}
    {{ return({
        'paypal_state': "case when paypal_case_state = 'open' and paypal_case_months > paypal_hold_months then 'none' "
            ~ "else paypal_case_state end",
        'is_legal_escalation': 'is_escalation_due or coalesce(same_fault_days <= repeat_fault_days, false)',
        'is_used': 'not coalesce(is_stated_unused and coalesce(engine_hours <= unused_engine_hours, true) '
            ~ 'and days_from_delivery <= unused_report_days, false)',
        'is_repair_cheaper': 'coalesce(repair_cost_at_decision_eur < '
            ~ 'repair_limit_ratio * replacement_cost_at_decision_eur, true)',
        'has_stock': 'has_stock',
        'is_center_near': 'coalesce(center_distance_km <= center_radius_km, false)',
    }) }}
{%- endmacro %}

{#
  Purpose: the versions in force with their days: each ends the day before the next begins, the last is open (9999-12-30).
  Parameters: rules, a relation of rule rows with valid_from; version, its column that separates versions.
  Usage: select * from ({{ version_periods(ref('policy_rules'), 'policy_version') }}) as versions
#}
{% macro version_periods(rules, version) -%}
    select
        {{ version }},
        valid_from,
        coalesce(
            {{ add_days('lead(valid_from) over (order by valid_from)', -1) }}, cast('9999-12-30' as date)
        ) as valid_to
    from (
        select {{ version }}, min(valid_from) as valid_from from {{ rules }} where valid_from is not null group by {{ version }}
    ) as starts
{%- endmacro %}

{#
  Purpose: the values of all conditions of a row as one integer: a bit for each value that each condition can take, one of
    them set per condition (the first stands for any other value). It is the key under which a combination is matched
    once, for the facts of a million claims are a few hundred combinations; and a rule holds for a combination exactly
    where its own bits cover it.
  Parameters: conditions, as policy_conditions() gives them.
  Usage: {{ combination_key(policy_conditions()) }} as policy_combination_key
#}
{% macro combination_key(conditions) -%}
    {{ condition_bits(conditions, 0) }}
{%- endmacro %}

{#
  Purpose: the combinations for which a rule row holds, as bits: those of its value, or all where the condition is empty.
  Parameters: conditions.
  Usage: where combination_key & rule_cover = combination_key
#}
{% macro rule_cover(conditions) -%}
    {{ condition_bits(conditions, 1) }}
{%- endmacro %}

{% macro condition_bits(conditions, is_empty_any) -%}
    {%- set ns = namespace(bit=1) -%}
    {%- for condition, values in conditions.items() -%}
        {%- set other = ns.bit -%}
        {{ ' + ' if not loop.first }}case
        {%- for value in values %}
            {%- set ns.bit = ns.bit * 2 %}
            when {{ condition }} = {{ value if values | sort == ['false', 'true'] else "'" ~ value ~ "'" }} then cast({{ ns.bit }} as bigint)
        {%- endfor %}
            {%- set ns.bit = ns.bit * 2 %}
            {%- if is_empty_any %}
            when {{ condition }} is null then cast({{ ns.bit - other }} as bigint)
            {%- endif %}
            else cast({{ other }} as bigint)
        end
    {%- endfor -%}
{%- endmacro %}

{#
  Purpose: for each combination of facts and each version of a rule set, the first row (smallest priority) whose
    conditions all hold; an empty condition holds always.
  Parameters: combinations, a relation with combination_key; rules, a relation of rule rows; version, the rules' column
    that separates rule sets; conditions.
  Usage: select * from ({{ first_matching_rules('combinations', 'rules', 'policy_version', policy_conditions()) }}) as matched
#}
{% macro first_matching_rules(combinations, rules, version, conditions) -%}
    select
        matches.combination_key,
        matches.{{ version }},
        rules.rule_code,
        rules.priority,
        rules.outcome,
        rules.payer_inbound,
        rules.payer_work,
        rules.payer_outbound
    from (
        select
            combinations.combination_key,
            covers.{{ version }},
            min(covers.priority) as priority
        from {{ combinations }} as combinations
        inner join (
            select {{ version }}, priority, {{ rule_cover(conditions) }} as cover from {{ rules }}
        ) as covers
            on (combinations.combination_key & covers.cover) = combinations.combination_key
        group by combinations.combination_key, covers.{{ version }}
    ) as matches
    inner join {{ rules }} as rules
        on matches.{{ version }} = rules.{{ version }} and matches.priority = rules.priority
{%- endmacro %}

{#
  Purpose: a whole model: each combination of facts that occurs, with and without escalation, matched once with every
    version of a rule set.
  Parameters: facts, the relation of the claims' conditions; rules, the rule set's relation; version, its column that separates
    versions; rule_id, the name that the
    version and code of the matching row get; conditions.
  Usage: {{ rules_matched_once(ref('int_claims__conditions'), ref('policy_rules'), 'policy_version', 'policy_rule_id', policy_conditions()) }}
#}
{% macro rules_matched_once(facts, rules, version, rule_id, conditions) -%}
{%- set others = conditions.keys() | reject('equalto', 'is_legal_escalation') | list -%}
with facts as (

    select distinct {{ named_conditions(others) }}
    from {{ facts }} as facts

),

possible as (

    select
        facts.*,
        escalations.is_legal_escalation
    from facts
    cross join (select true as is_legal_escalation union all select false as is_legal_escalation) as escalations

),

combinations as (

    select
        {{ combination_key(conditions) }} as combination_key,
        possible.*
    from possible

),

rules as (

    select * from {{ rules }}

)

select
    combination_key,
    {{ version }},
    {{ version }} || '/' || rule_code as {{ rule_id }},
    outcome,
    payer_inbound,
    payer_work,
    payer_outbound
from ({{ first_matching_rules('combinations', 'rules', version, conditions) }}) as matched
{%- endmacro %}

{#
  Purpose: every combination of condition values, as rows with combination_key.
  Parameters: conditions.
  Usage: with combinations as ({{ every_combination(policy_conditions()) }})
#}
{% macro every_combination(conditions) -%}
    select
        {{ combination_key(conditions) }} as combination_key,
        {{ conditions | join(', ') }}
    from
        {%- for condition, values in conditions.items() %}
        {{ 'cross join ' if not loop.first -}}
        (
            {%- for value in values -%}
                {{ ' union all ' if not loop.first -}}
                select {{ value if values | sort == ['false', 'true'] else "'" ~ value ~ "'" }} as {{ condition }}
            {%- endfor -%}
        ) as all_{{ condition }}
        {%- endfor %}
{%- endmacro %}

{#
  Purpose: how many civil months after a day another one lies, counted up: the least number of months n for which the other is
    not after add_months(day, n).
  Parameters: from_date, to_date: date expressions.
  Usage: {{ months_up_to('paid_on', 'paypal_case_opened_on') }} as paypal_case_months
#}
{% macro months_up_to(from_date, to_date) -%}
    {%- set whole = month_index(to_date) ~ ' - ' ~ month_index(from_date) -%}
    {{ whole }} + case when {{ add_months(from_date, whole) }} < {{ to_date }} then 1 else 0 end
{%- endmacro %}

{#
  Purpose: the parameters of one period as columns: dated rows (parameter, value, from, to) turned into one row per period
    within which nothing changes.
  Parameters: rows, a relation with parameter, value (text), period_from, period_to (9999-12-30 = open);
    parameters, a dict of column name to type.
  Usage: {{ parameters_by_period('dated', {'paypal_hold_months': 'integer'}) }}
#}
{% macro parameters_by_period(rows, parameters) -%}
    select
        periods.period_from,
        periods.period_to,
        {%- for parameter, type in parameters.items() %}
        max(case when dated.parameter = '{{ parameter }}' then cast(dated.value as {{ type }}) end) as {{ parameter }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            period_from,
            coalesce(
                {{ add_days('lead(period_from) over (order by period_from)', -1) }}, cast('9999-12-30' as date)
            ) as period_to
        from (
            select period_from from {{ rows }}
            union
            select {{ add_days('period_to', 1) }} as period_from from {{ rows }} where period_to < cast('9999-12-30' as date)
        ) as changes
    ) as periods
    left join {{ rows }} as dated
        on dated.period_from <= periods.period_from and dated.period_to >= periods.period_to
    group by periods.period_from, periods.period_to
{%- endmacro %}

{#
  Purpose: great-circle distance in kilometres (haversine, mean radius 6371 km).
  Parameters: latitudes and longitudes of the two points in degrees.
  Usage: {{ distance_km('a.latitude', 'a.longitude', 'b.latitude', 'b.longitude') }} <= 50
#}
{% macro distance_km(latitude_a, longitude_a, latitude_b, longitude_b) -%}
    2 * 6371 * asin(sqrt(least(
        1,
        power(sin(radians({{ latitude_b }} - {{ latitude_a }}) / 2), 2)
        + cos(radians({{ latitude_a }})) * cos(radians({{ latitude_b }}))
        * power(sin(radians({{ longitude_b }} - {{ longitude_a }}) / 2), 2)
    )))
{%- endmacro %}

{#
  Purpose: where a postal code lies, in the grain that "near" is judged in: the French department (2A, 2B, 971…), elsewhere
    the first two characters. Null where the code is unknown.
  Parameters: country_code, postal_code: text expressions.
  Usage: {{ postal_region('country_code', 'postal_code') }} as region_code
#}
{% macro postal_region(country_code, postal_code) -%}
    case
        when coalesce({{ country_code }}, 'FR') <> 'FR' then substring(trim({{ postal_code }}), 1, 2)
        when substring(trim({{ postal_code }}), 1, 2) in ('97', '98') then substring(trim({{ postal_code }}), 1, 3)
        when substring(trim({{ postal_code }}), 1, 3) in ('200', '201') then '2A'
        when substring(trim({{ postal_code }}), 1, 2) = '20' then '2B'
        else substring(trim({{ postal_code }}), 1, 2)
    end
{%- endmacro %}

{#
  Purpose: whether a text matches a regular expression; null is not judged (true).
  Parameters: text_column; pattern, anchored by the caller.
  Usage: {{ is_written_as('value', '^[0-9]+$') }}
#}
{% macro is_written_as(text_column, pattern) -%}
    {{ return(adapter.dispatch('is_written_as', 'savoir')(text_column, pattern)) }}
{%- endmacro %}

{% macro duckdb__is_written_as(text_column, pattern) -%}
    coalesce(regexp_matches({{ text_column }}, '{{ pattern }}'), true)
{%- endmacro %}

{% macro spark__is_written_as(text_column, pattern) -%}
    coalesce({{ text_column }} rlike '{{ pattern }}', true)
{%- endmacro %}

{#
  Purpose: the filled conditions of a rule row in words, 'is_used = false, has_stock = true'.
  Parameters: conditions; the row's alias is rules.
  Usage: {{ condition_words(policy_conditions()) }} as conditions
#}
{% macro condition_words(conditions) -%}
    concat_ws(
        ', '
        {%- for condition, values in conditions.items() -%}
            {%- for value in values -%}
                {%- if values | sort == ['false', 'true'] -%}
                    , case when {{ 'not ' if value == 'false' }}rules.{{ condition }} then '{{ condition }} = {{ value }}' end
                {%- else -%}
                    , case when rules.{{ condition }} = '{{ value }}' then '{{ condition }} = {{ value }}' end
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    )
{%- endmacro %}

{#
  Purpose: the resolutions that refuse, as a list of SQL.
  Parameters: none.
  Usage: where resolution in {{ refusals() }}
#}
{% macro refusals() -%}
    ('rejected_out_of_warranty', 'rejected_misuse', 'rejected_wear')
{%- endmacro %}
