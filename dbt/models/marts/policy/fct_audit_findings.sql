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

),

-- One subject can break several rules with the same euros: they count in the finding that explains most of them.
ranked as (

    select
        findings.*,
        codes.rule_id,
        codes.subject,
        codes.severity,
        codes.is_statutory,
        codes.clause_fr,
        codes.reference,
        codes.meaning_en,
        codes.meaning_fr,
        findings.violation_code || '/' || findings.subject_id as finding_id,
        first_value(findings.violation_code || '/' || findings.subject_id) over (
            partition by codes.subject, findings.subject_id, codes.euros_of
            order by findings.amount_at_risk_eur desc, codes.severity, findings.violation_code
        ) as counted_in_finding_id
    from findings
    inner join codes on findings.violation_code = codes.violation_code

)

select
    ranked.finding_id,
    ranked.violation_code,
    ranked.rule_id,
    ranked.subject,
    ranked.ticket_id,
    ranked.order_id,
    ranked.line_number,
    ranked.repair_id,
    ranked.sku,
    ranked.family_code,
    ranked.service_center_id,
    ranked.happened_on,
    {{ month_of('ranked.happened_on') }} as month,
    ranked.severity,
    ranked.is_statutory,
    ranked.clause_fr as clause,
    ranked.reference,
    ranked.meaning_en,
    ranked.meaning_fr,
    ranked.evidence_en,
    ranked.evidence_fr,
    case
        when ranked.finding_id = ranked.counted_in_finding_id then ranked.amount_at_risk_eur
        else cast(0 as decimal(18,2))
    end as amount_at_risk_eur,
    ranked.amount_at_risk_eur as amount_by_formula_eur,
    case when ranked.finding_id <> ranked.counted_in_finding_id and ranked.amount_at_risk_eur > 0 then ranked.counted_in_finding_id end
        as counted_in_finding_id,
    judged.policy_outcome,
    judged.legal_outcome,
    judged.actual_outcome
from ranked
left join judged on ranked.ticket_id = judged.ticket_id
