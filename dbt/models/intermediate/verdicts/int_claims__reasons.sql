-- A view: a claim's reasons are a kilobyte of text, written once, into the mart.
{{ config(materialized='view') }}

with judged as (

    select
        judged.ticket_id,
        facts.missing_facts,
        -- The earlier rows decide before anybody asks for the cause.
        judged.policy_outcome not in (
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
    from {{ ref('int_claims__judged') }} as judged
    inner join {{ ref('int_claims__conditions') }} as facts on judged.ticket_id = facts.ticket_id
    inner join {{ ref('policy_rules') }} as policies
        on judged.policy_rule_id = policies.policy_version || '/' || policies.rule_code
    inner join {{ ref('legal_rules') }} as laws on judged.legal_rule_id = laws.regime || '/' || laws.rule_code
    inner join {{ ref('cause_bases') }} as bases on facts.cause_basis = bases.cause_basis

)

select
    ticket_id,
    policy_en
    || coalesce(' Missing: ' || missing_facts || '.', '')
    || case when is_cause_decisive then ' ' || basis_en else '' end
    || ' « ' || clause_fr || ' »'
    || ' By law (' || reference || '): ' || law_en as reason_en,
    policy_fr
    || coalesce(
        ' Il manque : '
        || replace(replace(replace(replace(
            missing_facts,
            'delivery date', 'date de livraison'),
            'refused and replaced', 'refus ou remplacement, l’un contredit l’autre'),
            'PayPal case closed before it was opened', 'dossier PayPal clos avant d’être ouvert'),
            'unit', 'appareil')
        || '.',
        ''
    )
    || case when is_cause_decisive then ' ' || basis_fr else '' end
    || ' « ' || clause_fr || ' »'
    || ' Selon la loi (' || reference || ') : ' || law_fr as reason_fr
from judged
