-- Each claim under the first matching row of the policy in force at its request, and of the law of its contract.
-- What is not judged has no key to match: a condition beside the keys of a join would make it a loop over all pairs.
with facts as (

    select
        escalated.ticket_id,
        escalated.is_judged,
        escalated.policy_combination_key,
        tickets.resolution,
        tickets.closed_at,
        warranty.regime,
        case when escalated.is_judged then tickets.requested_on end as judged_on,
        case when escalated.is_judged then escalated.law_combination_key end as judged_law_key
    from {{ ref('int_claims__escalated') }} as escalated
    inner join {{ ref('int_tickets__linked') }} as tickets on escalated.ticket_id = tickets.ticket_id
    inner join {{ ref('int_claims__warranty') }} as warranty on escalated.ticket_id = warranty.ticket_id

),

versions as (

    select * from ({{ version_periods(ref('policy_rules'), 'policy_version') }}) as periods

),

policies as (

    select * from {{ ref('int_policies__matched') }}

),

laws as (

    select * from {{ ref('int_laws__matched') }}

),

judged as (

    select
        facts.ticket_id,
        facts.is_judged,
        facts.resolution,
        facts.closed_at,
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
        laws.payer_outbound as legal_payer_outbound
    from facts
    left join versions
        on facts.judged_on between versions.valid_from and versions.valid_to
    left join policies
        on facts.policy_combination_key = policies.combination_key and versions.policy_version = policies.policy_version
    left join laws
        on facts.judged_law_key = laws.combination_key and facts.regime = laws.regime

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
    end as actual_payer
from complying
left join charges on complying.ticket_id = charges.ticket_id
