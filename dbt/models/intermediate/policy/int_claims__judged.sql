-- Each claim under the first matching row of the policy in force at its request, and of the law of its contract.
with facts as (

    select * from {{ ref('int_claims__facts') }}

),

versions as (

    select
        policy_version,
        min(valid_from) as valid_from,
        coalesce(max(valid_to), cast('9999-12-30' as date)) as valid_to
    from {{ ref('policy_rules') }}
    where valid_from is not null
    group by policy_version

),

policies as (

    select
        matched.*,
        rules.clause_fr,
        rules.meaning_en,
        rules.meaning_fr
    from {{ ref('int_policies__matched') }} as matched
    inner join {{ ref('policy_rules') }} as rules
        on matched.policy_rule_id = rules.policy_version || '/' || rules.rule_code

),

laws as (

    select
        matched.*,
        rules.reference,
        rules.meaning_en,
        rules.meaning_fr
    from {{ ref('int_laws__matched') }} as matched
    inner join {{ ref('legal_rules') }} as rules
        on matched.legal_rule_id = rules.regime || '/' || rules.rule_code

),

judged as (

    select
        facts.ticket_id,
        facts.is_judged,
        facts.resolution,
        facts.closed_at,
        facts.missing_facts,
        versions.policy_version,
        policies.policy_rule_id,
        policies.outcome as policy_outcome,
        policies.payer_inbound,
        policies.payer_work,
        policies.payer_outbound,
        laws.legal_rule_id,
        laws.outcome as legal_outcome,
        laws.payer_inbound as legal_payer_inbound,
        laws.payer_work as legal_payer_work,
        laws.payer_outbound as legal_payer_outbound,
        -- The earlier rows decide before anybody asks for the cause.
        policies.outcome not in (
            'info_required', 'closed_paypal_refunded', 'suspended_paypal', 'withdrawal_refund', 'remote_resolved',
            'rejected_out_of_warranty'
        ) as is_cause_decisive,
        bases.meaning_en as basis_en,
        bases.meaning_fr as basis_fr,
        policies.meaning_en as policy_en,
        policies.meaning_fr as policy_fr,
        policies.clause_fr,
        laws.meaning_en as law_en,
        laws.meaning_fr as law_fr,
        laws.reference
    from facts
    left join versions
        on facts.is_judged and facts.requested_on between versions.valid_from and versions.valid_to
    left join policies
        on facts.policy_combination_key = policies.combination_key and versions.policy_version = policies.policy_version
    left join laws
        on facts.is_judged and facts.law_combination_key = laws.combination_key and facts.regime = laws.regime
    left join {{ ref('cause_bases') }} as bases
        on facts.cause_basis = bases.cause_basis

),

complying as (

    select
        judged.*,
        on_policy.resolution is not null as is_resolution_of_policy,
        on_law.resolution is not null as is_resolution_of_law
    from judged
    left join {{ ref('compliant_resolutions') }} as on_policy
        on judged.policy_outcome = on_policy.outcome and judged.resolution = on_policy.resolution
    left join {{ ref('compliant_resolutions') }} as on_law
        on judged.legal_outcome = on_law.outcome and judged.resolution = on_law.resolution

),

-- What the customer was asked to pay, over all repair orders of the ticket.
charges as (

    select
        ticket_id,
        cast(sum(coalesce(customer_charge_eur, 0)) as decimal(18,2)) as customer_charge_eur
    from {{ ref('int_repairs__linked') }}
    where ticket_id is not null
    group by ticket_id

)

select
    complying.ticket_id,
    complying.is_judged,
    complying.policy_version,
    complying.policy_rule_id,
    complying.policy_outcome,
    complying.legal_rule_id,
    complying.legal_outcome,
    -- What was done: the resolution; a case still open, and one closed without saying how, under names of their own.
    case
        when complying.resolution is not null then complying.resolution
        when complying.closed_at is null then 'open'
        else 'unstated'
    end as actual_outcome,
    case
        when complying.is_judged and complying.closed_at is not null and complying.resolution is not null
            then complying.is_resolution_of_policy
    end as is_policy_compliant,
    case
        when complying.is_judged and complying.closed_at is not null and complying.resolution is not null
            then complying.is_resolution_of_law
    end as is_law_compliant,
    complying.payer_inbound as policy_payer_inbound,
    complying.payer_work as policy_payer_work,
    complying.payer_outbound as policy_payer_outbound,
    complying.legal_payer_inbound,
    complying.legal_payer_work,
    complying.legal_payer_outbound,
    -- The feeds carry one bill per repair order, for all legs together.
    case
        when charges.ticket_id is null then null
        when charges.customer_charge_eur > 0 then 'customer'
        else 'seller'
    end as actual_payer,
    charges.customer_charge_eur,
    case
        when complying.policy_outcome is null then null
        else
            complying.policy_en
            || coalesce(' Missing: ' || complying.missing_facts || '.', '')
            || case when complying.is_cause_decisive then ' ' || complying.basis_en else '' end
            || ' « ' || complying.clause_fr || ' »'
            || ' By law (' || complying.reference || '): ' || complying.law_en
    end as reason_en,
    case
        when complying.policy_outcome is null then null
        else
            complying.policy_fr
            || coalesce(
                ' Il manque : '
                || replace(replace(replace(replace(
                    complying.missing_facts,
                    'delivery date', 'date de livraison'),
                    'refused and replaced', 'refus ou remplacement, l’un contredit l’autre'),
                    'PayPal case closed before it was opened', 'dossier PayPal clos avant d’être ouvert'),
                    'unit', 'appareil')
                || '.',
                ''
            )
            || case when complying.is_cause_decisive then ' ' || complying.basis_fr else '' end
            || ' « ' || complying.clause_fr || ' »'
            || ' Selon la loi (' || complying.reference || ') : ' || complying.law_fr
    end as reason_fr
from complying
left join charges on complying.ticket_id = charges.ticket_id
