with findings as (

    select
        violation_code,
        ticket_id,
        order_id,
        line_number,
        repair_id,
        sku,
        family_code,
        service_center_id,
        happened_on,
        evidence_en,
        evidence_fr,
        amount_at_risk_eur,
        ticket_id as subject_id
    from {{ ref('int_findings__tickets') }}

    union all

    select
        violation_code,
        cast(null as {{ dbt.type_string() }}) as ticket_id,
        order_id,
        line_number,
        cast(null as {{ dbt.type_string() }}) as repair_id,
        sku,
        family_code,
        cast(null as {{ dbt.type_string() }}) as service_center_id,
        happened_on,
        evidence_en,
        evidence_fr,
        amount_at_risk_eur,
        order_id || '/' || line_number as subject_id
    from {{ ref('int_findings__order_lines') }}

    union all

    select
        violation_code,
        cast(null as {{ dbt.type_string() }}) as ticket_id,
        order_id,
        line_number,
        repair_id,
        sku,
        family_code,
        service_center_id,
        happened_on,
        evidence_en,
        evidence_fr,
        amount_at_risk_eur,
        repair_id as subject_id
    from {{ ref('int_findings__repairs') }}

),

judged as (

    select * from {{ ref('int_claims__judged') }}

),

codes as (

    select * from {{ ref('violation_codes') }}

)

select
    findings.violation_code || '/' || findings.subject_id as finding_id,
    findings.violation_code,
    codes.rule_id,
    codes.subject,
    findings.ticket_id,
    findings.order_id,
    findings.line_number,
    findings.repair_id,
    findings.sku,
    findings.family_code,
    findings.service_center_id,
    findings.happened_on,
    {{ month_of('findings.happened_on') }} as month,
    codes.severity,
    codes.is_statutory,
    codes.clause_fr as clause,
    codes.reference,
    codes.meaning_en,
    codes.meaning_fr,
    findings.evidence_en,
    findings.evidence_fr,
    findings.amount_at_risk_eur,
    judged.policy_outcome,
    judged.legal_outcome,
    judged.actual_outcome
from findings
inner join codes on findings.violation_code = codes.violation_code
left join judged on findings.ticket_id = judged.ticket_id
