{#- What a replay needs to read a rule set that this build has never seen: its words, and where each claim keeps them. -#}
{#- A replay reads what a version's mart says of a claim; not known is no. -#}
{%- set columns = {'cause': 'verdict_cause', 'is_remote_resolved': 'is_solved_remotely'} -%}
{%- for condition, values in policy_conditions().items() %}
{%- set condition_position = loop.index %}
{%- for value in values %}
{{ 'union all' if not (loop.first and condition_position == 1) }}
select
    cast('{{ condition }}' as {{ dbt.type_string() }}) as condition_code,
    cast({{ condition_position }} as bigint) as condition_position,
    cast('{{ value }}' as {{ dbt.type_string() }}) as condition_value,
    cast({{ loop.index }} as bigint) as value_position,
    {{ 'true' if values | sort == ['false', 'true'] else 'false' }} as is_boolean,
    cast('{{ columns.get(condition, condition) }}' as {{ dbt.type_string() }}) as claim_column,
    cast({{ dbt.string_literal(dbt.escape_single_quotes(policy_facts()[condition])) if condition in policy_facts() else 'null' }}
        as {{ dbt.type_string() }}) as fact_expression
{%- endfor %}
{%- endfor %}
