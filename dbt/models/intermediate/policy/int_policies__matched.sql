{#- Each combination of facts that occurs is matched once, with every policy version: a replay only has to choose one. -#}
{%- set conditions = policy_conditions() -%}
{%- set others = conditions.keys() | reject('equalto', 'is_legal_escalation') | list -%}
with facts as (

    select distinct {{ others | join(', ') }}
    from {{ ref('int_claims__established') }}

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

    select * from {{ ref('policy_rules') }}

)

select
    combination_key,
    policy_version,
    policy_version || '/' || rule_code as policy_rule_id,
    outcome,
    payer_inbound,
    payer_work,
    payer_outbound
from ({{ first_matching_rules('combinations', 'rules', 'policy_version', conditions) }}) as matched
