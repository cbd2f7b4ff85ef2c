with compared as (

    select * from {{ ref('int_claims__compared') }}

),

priced as (

    select * from {{ ref('int_claims__priced') }}

),

estimated as (

    select * from {{ ref('int_claims__work_estimated') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

regretted as (

    select * from {{ ref('int_claims__regretted') }}

),

diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

aged as (

    select * from {{ ref('int_claims__aged') }}

),

judged as (

    select * from {{ ref('int_claims__judged') }}

),

products as (

    select * from {{ ref('int_products__completed') }}

),

-- A remedy is due by the policy or by the law; a withdrawal is refunded whatever a repair would cost.
remedies as (

    select outcome
    from {{ ref('verdict_outcomes') }}
    where kind = 'remedy' and outcome <> 'withdrawal_refund'

),

due as (

    select
        judged.ticket_id,
        judged.policy_outcome,
        judged.legal_outcome,
        policy_remedies.outcome is not null as is_due_by_policy,
        legal_remedies.outcome is not null as is_due_by_law
    from judged
    left join remedies as policy_remedies on judged.policy_outcome = policy_remedies.outcome
    left join remedies as legal_remedies on judged.legal_outcome = legal_remedies.outcome
    where policy_remedies.outcome is not null or legal_remedies.outcome is not null

),

assumed as (

    select
        priced.ticket_id,
        cast(
            case when priced.is_inbound_assumed then priced.inbound_eur else 0 end
            + case when priced.is_diagnosis_assumed then priced.diagnosis_eur else 0 end
            + case when priced.is_outbound_assumed then priced.outbound_eur else 0 end
            + case when estimated.work_basis = 'cell' then estimated.estimated_work_eur else 0 end
            + priced.repair_handling_eur
            + priced.repeat_risk_eur
            + priced.extension_risk_eur
            + priced.repair_goodwill_eur as decimal(18,2)
        ) as repair_assumed_eur,
        cast(
            case when priced.is_inbound_assumed then priced.inbound_eur else 0 end
            + case when priced.is_landed_cost_assumed then priced.landed_cost_eur else 0 end
            + compared.salvage_eur
            + priced.replacement_outbound_eur
            + priced.replacement_handling_eur
            + priced.renewal_risk_eur
            + priced.replacement_goodwill_eur as decimal(18,2)
        ) as replacement_assumed_eur
    from priced
    inner join compared on priced.ticket_id = compared.ticket_id
    inner join estimated on priced.ticket_id = estimated.ticket_id

)

select
    tickets.ticket_id,
    tickets.sku,
    tickets.family_code,
    tickets.supplier_id,
    diagnosed.service_center_id,
    diagnosed.latest_fault_code as fault_code,
    tickets.requested_on,
    {{ month_of('tickets.requested_on') }} as request_month,
    aged.age_months,
    tickets.units as units,
    due.policy_outcome,
    due.legal_outcome,
    due.is_due_by_policy,
    due.is_due_by_law,
    compared.actual_remedy,
    compared.unpriced_reason is null as is_priced,
    compared.unpriced_reason,
    priced.price_eur,
    {{ euros('products.list_price_incl_vat_eur') }} as list_price_incl_vat_eur,
    priced.inbound_eur,
    priced.diagnosis_eur,
    estimated.estimated_work_eur as work_eur,
    estimated.estimated_work_low_eur as work_low_eur,
    estimated.estimated_work_high_eur as work_high_eur,
    estimated.work_basis,
    priced.outbound_eur,
    priced.repair_handling_eur,
    priced.repeat_risk_eur,
    priced.extension_risk_eur,
    priced.repair_goodwill_eur,
    compared.repair_cost_eur,
    compared.repair_cost_low_eur,
    compared.repair_cost_high_eur,
    priced.landed_cost_eur,
    priced.replacement_outbound_eur,
    priced.replacement_handling_eur,
    priced.renewal_risk_eur,
    priced.replacement_goodwill_eur,
    compared.salvage_eur,
    compared.salvage_shortfall_eur,
    priced.scrap_eur,
    priced.resale_before_work_eur,
    compared.replacement_cost_eur,
    compared.naive_replacement_cost_eur,
    compared.cheapest_remedy,
    compared.naive_remedy,
    compared.margin_eur,
    compared.actual_cost_eur,
    compared.regret_eur,
    regretted.expected_regret_eur,
    regretted.regret_variance,
    compared.refused_exposure_eur,
    compared.break_even_repair_eur,
    compared.right_choice_probability,
    case
        when compared.actual_remedy in ('repair', 'replacement')
            then compared.actual_remedy = compared.cheapest_remedy
    end as is_right_choice,
    case when compared.unpriced_reason is null then assumed.repair_assumed_eur end as repair_assumed_eur,
    case when compared.unpriced_reason is null then assumed.replacement_assumed_eur end as replacement_assumed_eur,
    case
        when compared.unpriced_reason is null
            then cast(assumed.repair_assumed_eur + assumed.replacement_assumed_eur as double)
                / nullif(cast(compared.repair_cost_eur + compared.replacement_cost_eur + 2 * compared.salvage_eur as double), 0)
    end as assumed_share,
    nullif(
        concat_ws(
            '|',
            case when not priced.is_inbound_assumed then 'inbound' end,
            case when not priced.is_diagnosis_assumed then 'diagnosis' end,
            case when estimated.work_basis in ('own_work', 'own_quote') then 'work' end,
            case when not priced.is_outbound_assumed then 'outbound' end,
            case when not priced.is_landed_cost_assumed then 'landed cost' end,
            case when not priced.is_price_assumed then 'price' end
        ), ''
    ) as observed_inputs,
    concat_ws(
        '|',
        case when priced.is_inbound_assumed then 'inbound' end,
        case when priced.is_diagnosis_assumed then 'diagnosis' end,
        case when estimated.work_basis = 'cell' then 'work' end,
        case when priced.is_outbound_assumed then 'outbound' end,
        case when priced.is_landed_cost_assumed then 'landed cost' end,
        case when priced.is_price_assumed then 'price' end,
        'resale', 'handling', 'outbound of the new unit', 'repeat risk', 'later claims', 'goodwill'
    ) as assumed_inputs,
    estimated.cell,
    estimated.cell_observations,
    estimated.cell_repaired_claims,
    estimated.cell_replaced_claims,
    coalesce(estimated.has_overlap, false) as has_overlap
from assumed
inner join due on assumed.ticket_id = due.ticket_id
inner join tickets on assumed.ticket_id = tickets.ticket_id
inner join priced on assumed.ticket_id = priced.ticket_id
inner join estimated on assumed.ticket_id = estimated.ticket_id
inner join compared on assumed.ticket_id = compared.ticket_id
inner join diagnosed on assumed.ticket_id = diagnosed.ticket_id
inner join aged on assumed.ticket_id = aged.ticket_id
left join regretted on assumed.ticket_id = regretted.ticket_id
left join products on tickets.sku = products.sku
