with judged as (

    select * from {{ ref('int_claims__judged') }}

),

findings as (

    select
        violation_code,
        cast(count(*) as bigint) as claims,
        cast(sum(amount_at_risk_eur) as decimal(18,2)) as amount_at_risk_eur
    from {{ ref('fct_audit_findings') }}
    group by violation_code

),

taken as (

    select
        policy_rule_id as rule_key,
        cast(count(*) as bigint) as claims,
        cast(sum(case when is_policy_compliant is not null then 1 else 0 end) as bigint) as audited,
        cast(sum(case when is_policy_compliant then 1 else 0 end) as bigint) as compliant
    from judged
    where policy_rule_id is not null
    group by policy_rule_id

    union all

    select
        legal_rule_id as rule_key,
        cast(count(*) as bigint) as claims,
        cast(sum(case when is_law_compliant is not null then 1 else 0 end) as bigint) as audited,
        cast(sum(case when is_law_compliant then 1 else 0 end) as bigint) as compliant
    from judged
    where legal_rule_id is not null
    group by legal_rule_id

),

policy_periods as (

    select * from ({{ version_periods(ref('policy_rules'), 'policy_version') }}) as periods

),

legal_periods as (

    select * from ({{ version_periods(ref('legal_rules'), 'regime') }}) as periods

),

listed as (

    select
        rules.policy_version || '/' || rules.rule_code as policy_rule_id,
        'policy' as rule_type,
        rules.policy_version as rule_set,
        rules.rule_code,
        rules.priority,
        rules.valid_from,
        nullif(policy_periods.valid_to, cast('9999-12-30' as date)) as valid_to,
        {{ condition_words(policy_conditions()) }} as conditions,
        rules.outcome,
        rules.payer_inbound,
        rules.payer_work,
        rules.payer_outbound,
        rules.x12_1172,
        rules.rules as based_on,
        rules.is_reconstructed,
        rules.clause_fr,
        rules.meaning_en,
        rules.meaning_fr,
        cast(null as {{ dbt.type_string() }}) as severity,
        true as is_evaluable,
        cast(null as {{ dbt.type_string() }}) as missing_fields,
        cast(null as {{ dbt.type_string() }}) as amount_formula,
        cast(null as {{ dbt.type_string() }}) as reading_en
    from {{ ref('policy_rules') }} as rules
    left join policy_periods on rules.policy_version = policy_periods.policy_version

    union all

    select
        rules.regime || '/' || rules.rule_code as policy_rule_id,
        'law' as rule_type,
        rules.regime as rule_set,
        rules.rule_code,
        rules.priority,
        rules.valid_from,
        nullif(legal_periods.valid_to, cast('9999-12-30' as date)) as valid_to,
        {{ condition_words(law_conditions()) }} as conditions,
        rules.outcome,
        rules.payer_inbound,
        rules.payer_work,
        rules.payer_outbound,
        rules.x12_1172,
        rules.reference as based_on,
        rules.is_reconstructed,
        rules.clause_fr,
        rules.meaning_en,
        rules.meaning_fr,
        cast(null as {{ dbt.type_string() }}) as severity,
        true as is_evaluable,
        cast(null as {{ dbt.type_string() }}) as missing_fields,
        cast(null as {{ dbt.type_string() }}) as amount_formula,
        cast(null as {{ dbt.type_string() }}) as reading_en
    from {{ ref('legal_rules') }} as rules
    left join legal_periods on rules.regime = legal_periods.regime

    union all

    select
        codes.violation_code as policy_rule_id,
        'violation' as rule_type,
        'audit' as rule_set,
        codes.violation_code as rule_code,
        cast(null as integer) as priority,
        cast(null as date) as valid_from,
        cast(null as date) as valid_to,
        cast(null as {{ dbt.type_string() }}) as conditions,
        cast(null as {{ dbt.type_string() }}) as outcome,
        cast(null as {{ dbt.type_string() }}) as payer_inbound,
        cast(null as {{ dbt.type_string() }}) as payer_work,
        cast(null as {{ dbt.type_string() }}) as payer_outbound,
        cast(null as {{ dbt.type_string() }}) as x12_1172,
        concat_ws('; ', codes.rule_id, codes.reference) as based_on,
        false as is_reconstructed,
        codes.clause_fr,
        codes.meaning_en,
        codes.meaning_fr,
        codes.severity,
        codes.is_evaluable,
        codes.missing_fields,
        codes.amount_formula,
        codes.reading_en
    from {{ ref('violation_codes') }} as codes

)

select
    listed.*,
    coalesce(findings.claims, taken.claims, cast(0 as bigint)) as claims,
    coalesce(taken.audited, cast(0 as bigint)) as claims_audited,
    coalesce(taken.compliant, cast(0 as bigint)) as claims_compliant,
    coalesce(findings.amount_at_risk_eur, cast(0 as decimal(18,2))) as amount_at_risk_eur
from listed
left join taken on listed.policy_rule_id = taken.rule_key
left join findings on listed.rule_type = 'violation' and listed.rule_code = findings.violation_code
