with compared as (

    select * from {{ ref('int_claims__compared') }}

),

regretted as (

    select * from {{ ref('int_claims__regretted') }}

),

claims as (

    select * from {{ ref('int_claims__diagnosed') }}

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
        compared.*,
        cast(
            case when is_inbound_assumed then inbound_eur else 0 end
            + case when is_diagnosis_assumed then diagnosis_eur else 0 end
            + case when is_outbound_assumed then outbound_eur else 0 end
            + case when work_basis = 'cell' then work_eur else 0 end
            + repair_handling_eur + repeat_risk_eur + extension_risk_eur + repair_goodwill_eur as decimal(18,2)
        ) as repair_assumed_eur,
        cast(
            case when is_inbound_assumed then inbound_eur else 0 end
            + case when is_landed_cost_assumed then landed_cost_eur else 0 end
            + salvage_eur + replacement_outbound_eur + replacement_handling_eur + renewal_risk_eur + replacement_goodwill_eur
            as decimal(18,2)
        ) as replacement_assumed_eur
    from compared

)

select
    assumed.ticket_id,
    assumed.sku,
    assumed.family_code,
    claims.supplier_id,
    claims.service_center_id,
    claims.latest_fault_code as fault_code,
    assumed.requested_on,
    {{ month_of('assumed.requested_on') }} as request_month,
    claims.age_months,
    assumed.units,
    due.policy_outcome,
    due.legal_outcome,
    due.is_due_by_policy,
    due.is_due_by_law,
    assumed.actual_remedy,
    assumed.unpriced_reason is null as is_priced,
    assumed.unpriced_reason,
    assumed.price_eur,
    {{ euros('products.list_price_incl_vat_eur') }} as list_price_incl_vat_eur,
    assumed.inbound_eur,
    assumed.diagnosis_eur,
    assumed.work_eur,
    assumed.work_low_eur,
    assumed.work_high_eur,
    assumed.work_basis,
    assumed.outbound_eur,
    assumed.repair_handling_eur,
    assumed.repeat_risk_eur,
    assumed.extension_risk_eur,
    assumed.repair_goodwill_eur,
    assumed.repair_cost_eur,
    assumed.repair_cost_low_eur,
    assumed.repair_cost_high_eur,
    assumed.landed_cost_eur,
    assumed.replacement_outbound_eur,
    assumed.replacement_handling_eur,
    assumed.renewal_risk_eur,
    assumed.replacement_goodwill_eur,
    assumed.salvage_eur,
    assumed.salvage_shortfall_eur,
    assumed.scrap_eur,
    assumed.resale_before_work_eur,
    assumed.replacement_cost_eur,
    assumed.naive_replacement_cost_eur,
    assumed.cheapest_remedy,
    assumed.naive_remedy,
    assumed.margin_eur,
    assumed.actual_cost_eur,
    assumed.regret_eur,
    regretted.expected_regret_eur,
    regretted.regret_variance,
    assumed.refused_exposure_eur,
    assumed.break_even_repair_eur,
    assumed.right_choice_probability,
    case
        when assumed.actual_remedy in ('repair', 'replacement')
            then assumed.actual_remedy = assumed.cheapest_remedy
    end as is_right_choice,
    case when assumed.unpriced_reason is null then assumed.repair_assumed_eur end as repair_assumed_eur,
    case when assumed.unpriced_reason is null then assumed.replacement_assumed_eur end as replacement_assumed_eur,
    case
        when assumed.unpriced_reason is null
            then cast(assumed.repair_assumed_eur + assumed.replacement_assumed_eur as double)
                / nullif(cast(assumed.repair_cost_eur + assumed.replacement_cost_eur + 2 * assumed.salvage_eur as double), 0)
    end as assumed_share,
    nullif(
        concat_ws(
            '|',
            case when not assumed.is_inbound_assumed then 'inbound' end,
            case when not assumed.is_diagnosis_assumed then 'diagnosis' end,
            case when assumed.work_basis in ('own_work', 'own_quote') then 'work' end,
            case when not assumed.is_outbound_assumed then 'outbound' end,
            case when not assumed.is_landed_cost_assumed then 'landed cost' end,
            case when not assumed.is_price_assumed then 'price' end
        ), ''
    ) as observed_inputs,
    concat_ws(
        '|',
        case when assumed.is_inbound_assumed then 'inbound' end,
        case when assumed.is_diagnosis_assumed then 'diagnosis' end,
        case when assumed.work_basis = 'cell' then 'work' end,
        case when assumed.is_outbound_assumed then 'outbound' end,
        case when assumed.is_landed_cost_assumed then 'landed cost' end,
        case when assumed.is_price_assumed then 'price' end,
        'resale', 'handling', 'outbound of the new unit', 'repeat risk', 'later claims', 'goodwill'
    ) as assumed_inputs,
    assumed.cell,
    assumed.cell_observations,
    assumed.cell_repaired_claims,
    assumed.cell_replaced_claims,
    coalesce(assumed.has_overlap, false) as has_overlap
from assumed
inner join due on assumed.ticket_id = due.ticket_id
inner join claims on assumed.ticket_id = claims.ticket_id
left join regretted on assumed.ticket_id = regretted.ticket_id
left join products on assumed.sku = products.sku
