{#- The facts that the decision table reads, except the escalation: that one looks at how the law judged earlier tickets. -#}
with diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

aged as (

    select * from {{ ref('int_claims__aged') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

lines as (

    select * from {{ ref('int_order_lines__in_service') }}

),

warranty as (

    select * from {{ ref('int_claims__warranty') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

products as (

    select * from {{ ref('int_products__completed') }}

),

prices as (

    select * from {{ ref('int_claims__priced') }}

),

policies as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

laws as (

    select * from {{ ref('int_legal_parameters__dated') }}

),

regions as (

    select
        tickets.ticket_id,
        coalesce(lines.country_code, 'FR') as country_code,
        {{ postal_region('lines.country_code', 'lines.postal_code') }} as region_code,
        tickets.family_code,
        tickets.requested_on
    from tickets
    inner join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number

),

nearest as (

    select
        regions.ticket_id,
        min(served.distance_km) as center_distance_km
    from regions
    inner join {{ ref('int_postal_regions__served') }} as served
        on
            regions.country_code = served.country_code
            and regions.region_code = served.region_code
            and regions.family_code = served.family_code
    where regions.requested_on between served.valid_from and served.valid_to
    group by regions.ticket_id

),

-- Any repair order of the ticket whose dates cannot be: then the workshop's finding is not relied on.
contradictory_repairs as (

    select distinct ticket_id
    from repairs
    where ticket_id is not null and (returned_on < received_on or diagnosed_on < received_on)

),

wear_parts as (

    select distinct sku, fault_code
    from {{ ref('int_products__wear_parts') }}
    where fault_code is not null

),

gathered as (

    select
        tickets.ticket_id,
        tickets.order_id,
        tickets.line_number,
        tickets.unit_number,
        tickets.is_claim,
        tickets.requested_at,
        tickets.requested_on,
        diagnosed.latest_fault_code,
        diagnosed.latest_repair_id,
        tickets.closed_at,
        coalesce(tickets.closed_at, {{ as_of_end() }}) as decided_at,
        coalesce(tickets.closed_on, {{ as_of_date() }}) as decided_on,
        tickets.resolution,
        tickets.category,
        coalesce(tickets.requested_remedy, 'unstated') as stated_remedy,
        tickets.paypal_case_opened_at,
        tickets.paypal_case_opened_on,
        tickets.paypal_case_closed_at,
        tickets.paypal_case_outcome,
        tickets.withdrawal_requested_on,
        tickets.is_unused as is_stated_unused,
        tickets.engine_hours,
        coalesce(tickets.is_remote_resolved, false) as is_solved_remotely,
        tickets.is_linked,
        aged.delivered_on,
        coalesce(lines.paid_on, lines.contract_on) as paid_on,
        warranty.is_professional,
        warranty.regime,
        warranty.clock_start_on,
        coalesce(warranty.is_in_warranty, false) as is_warranty_running,
        warranty.is_presumption_running,
        diagnosed.cause as technical_cause,
        diagnosed.evidence_grade,
        repairs.is_repairable,
        coalesce(products.has_french_manual, false) as has_french_manual,
        wear_parts.sku is not null as is_listed_wear,
        diagnosed.is_cause_presumed,
        contradictory_repairs.ticket_id is not null as is_repair_contradictory,
        -- A reversed refusal may well be followed by a new unit.
        coalesce(
            tickets.resolution in {{ refusals() }}
            and coalesce(tickets.replacement_shipped_at, tickets.replacement_delivered_at) is not null
            and not coalesce(tickets.is_overturned, false),
            false
        ) as is_refused_and_replaced,
        coalesce(tickets.paypal_case_closed_on < tickets.paypal_case_opened_on, false) as is_paypal_contradictory,
        prices.repair_cost_at_decision_eur,
        prices.replacement_cost_at_decision_eur,
        prices.price_eur,
        coalesce(prices.is_repair_less_costly, true) as is_repair_not_dearer,
        nearest.center_distance_km,
        policies.paypal_hold_months,
        policies.unused_engine_hours,
        policies.unused_report_days,
        policies.center_radius_km,
        policies.repair_limit_ratio,
        policies.disproportion_ratio,
        policies.has_stock,
        laws.withdrawal_days
    from tickets
    inner join diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join aged on tickets.ticket_id = aged.ticket_id
    inner join warranty on tickets.ticket_id = warranty.ticket_id
    left join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
    left join repairs on diagnosed.latest_repair_id = repairs.repair_id
    left join products on tickets.sku = products.sku
    left join wear_parts
        on tickets.sku = wear_parts.sku and diagnosed.latest_fault_code = wear_parts.fault_code
    left join prices on tickets.ticket_id = prices.ticket_id
    left join contradictory_repairs on tickets.ticket_id = contradictory_repairs.ticket_id
    left join nearest on tickets.ticket_id = nearest.ticket_id
    left join policies on tickets.requested_on between policies.period_from and policies.period_to
    left join laws
        on coalesce(lines.contract_on, tickets.requested_on) between laws.period_from and laws.period_to

),

based as (

    select
        *,
        {{ day_diff('delivered_on', 'requested_on') }} as days_from_delivery,
        case
            when paypal_case_opened_at is null or paypal_case_opened_at > decided_at then 'none'
            when paypal_case_closed_at <= decided_at and paypal_case_outcome = 'buyer_refunded' then 'closed_refunded'
            when paypal_case_closed_at <= decided_at then 'closed_kept'
            else 'open'
        end as paypal_case_state,
        {{ months_up_to('paid_on', 'paypal_case_opened_on') }} as paypal_case_months,
        case
            when is_repair_contradictory then 'contradictory_repair'
            when technical_cause = 'transit' then 'transit_damage'
            when technical_cause = 'misuse' and latest_fault_code = 'M10' and not has_french_manual
                then 'deficient_manual'
            when technical_cause = 'misuse' and has_french_manual and coalesce(evidence_grade in ('A', 'B'), false)
                then 'proven_misuse'
            when technical_cause = 'misuse' and is_presumption_running then 'unproven_misuse_presumed'
            when technical_cause = 'misuse' then 'unproven_misuse'
            when technical_cause = 'wear' and is_listed_wear then 'listed_wear'
            when technical_cause = 'wear' then 'unlisted_wear'
            when technical_cause = 'no_fault' then 'no_fault'
            when technical_cause = 'defect' and not is_cause_presumed then 'found_defect'
            when category = 'transit_damage' then 'transit_damage'
            when category = 'missing_part' then 'missing_part'
            when technical_cause = 'defect' then 'presumed_defect'
            else 'no_diagnosis'
        end as cause_basis,
        nullif(
            concat_ws(
                ', ',
                case when not is_linked then 'unit' end,
                case when is_linked and delivered_on is null then 'delivery date' end,
                case when is_refused_and_replaced then 'refused and replaced' end,
                case when is_paypal_contradictory then 'PayPal case closed before it was opened' end
            ), ''
        ) as missing_facts
    from gathered

)

select
    based.ticket_id,
    based.decided_at,
    based.decided_on,
    based.stated_remedy,
    based.has_french_manual,
    based.cause_basis,
    bases.verdict_cause,
    based.missing_facts,
    -- What the numbers of a version are compared with.
    based.paypal_case_state,
    based.paypal_case_months,
    based.days_from_delivery,
    based.center_distance_km,
    -- A case opened within the months holds while it is open; a later one holds nothing.
    coalesce(based.paypal_case_months > based.paypal_hold_months, false) as is_paypal_case_late,
    -- The conditions of the decision table, under its own names but for those of condition_columns().
    based.missing_facts is null as order_found,
    {{ policy_facts()['paypal_state'] }} as paypal_state,
    coalesce(
        not based.is_professional
        and based.withdrawal_requested_on <= {{ add_days('based.delivered_on', 'based.withdrawal_days') }},
        false
    ) as is_withdrawal,
    based.is_solved_remotely,
    based.is_warranty_running,
    based.stated_remedy = 'part' or coalesce(based.category = 'missing_part', false) as is_self_fit_part,
    {{ policy_facts()['is_used'] }} as is_used,
    coalesce(based.is_repairable, true) as is_repairable,
    {{ policy_facts()['is_repair_cheaper'] }} as is_repair_cheaper,
    {{ policy_facts()['has_stock'] }} as has_stock,
    {{ policy_facts()['is_center_near'] }} as is_center_near,
    based.is_repair_not_dearer,
    -- The law protects consumers: a professional has no choice of cure to exercise.
    case when based.is_professional then 'unstated' else based.stated_remedy end as exercised_remedy,
    coalesce(
        case based.stated_remedy
            when 'repair'
                then
                    based.repair_cost_at_decision_eur > based.disproportion_ratio * based.replacement_cost_at_decision_eur
                    or based.repair_cost_at_decision_eur > based.price_eur
            when 'replacement'
                then
                    based.replacement_cost_at_decision_eur > based.disproportion_ratio * based.repair_cost_at_decision_eur
                    or based.replacement_cost_at_decision_eur > based.price_eur
        end,
        false
    ) as is_disproportionate
from based
inner join {{ ref('cause_bases') }} as bases on based.cause_basis = bases.cause_basis
