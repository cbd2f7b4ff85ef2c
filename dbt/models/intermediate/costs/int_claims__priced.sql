{#- The inputs that both prices need, with the names that a reader knows them by. -#}
{%- set needed_rates = [
    'freight_leg_eur', 'diagnosis_hours', 'labour_rate_eur_per_hour', 'landed_cost_share', 'resale_factor_used',
    'resale_factor_unused', 'resale_fee_share', 'reconditioning_eur', 'scrap_share', 'handling_repair_eur',
    'handling_replacement_eur', 'repeat_repair_probability', 'later_claim_cost_eur', 'goodwill_eur_per_day',
    'goodwill_season_factor', 'goodwill_season_from_month', 'goodwill_season_to_month', 'part_parcel_eur',
    'part_cost_share', 'vat_share',
] -%}

with tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

order_lines as (

    select * from {{ ref('int_order_lines__in_service') }}

),

products as (

    select * from {{ ref('int_products__completed') }}

),

rates as (

    select * from {{ ref('int_products__rated') }}

),

repairs as (

    select * from {{ ref('int_repairs__costed') }}

),

parameters as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

-- When the remedy was decided: a quote made later cannot have been its reason.
decided as (

    select
        tickets.*,
        least(tickets.replacement_shipped_at, tickets.refunded_at, tickets.closed_at) as decided_at
    from tickets

),

quoted_repairs as (

    select
        repairs.*,
        case
            when
                repairs.quoted_at is null
                or decided.decided_at is null
                or repairs.quoted_at <= decided.decided_at
                then repairs.usable_quote_eur
        end as own_quote_eur
    from repairs
    inner join decided on repairs.ticket_id = decided.ticket_id

),

-- One repair order speaks for the ticket: the latest that says what the work costs, else the latest.
speaking_repairs as (

    select *
    from (
        select
            quoted_repairs.*,
            row_number() over (
                partition by ticket_id
                order by
                    case when own_quote_eur is not null or work_eur is not null then 0 else 1 end,
                    received_at desc,
                    repair_id desc
            ) as speaking_rank
        from quoted_repairs
    ) as ranked
    where speaking_rank = 1

),

inputs as (

    select
        decided.ticket_id,
        decided.sku,
        speaking_repairs.own_quote_eur,
        speaking_repairs.work_eur,
        speaking_repairs.cost_doubts,
        coalesce(
            {{ euros('nullif(order_lines.unit_price_eur, 0)') }},
            {{ euros_of_quotient('products.list_price_incl_vat_eur', '1 + rates.vat_share') }}
        ) as price_eur,
        nullif(order_lines.unit_price_eur, 0) is null as is_price_assumed,
        coalesce(order_lines.unit_landed_cost_eur, products.unit_landed_cost_eur) as stated_landed_cost_eur,
        case when not speaking_repairs.is_inbound_assumed then speaking_repairs.inbound_eur end as stated_inbound_eur,
        case when not speaking_repairs.is_diagnosis_assumed and speaking_repairs.diagnosis_eur > 0
            then speaking_repairs.diagnosis_eur end as stated_diagnosis_eur,
        -- Nothing on the way back says little, unless nothing was paid on the way in either: brought, so fetched.
        case
            when
                not speaking_repairs.is_outbound_assumed
                and (
                    speaking_repairs.outbound_eur > 0
                    or (not speaking_repairs.is_inbound_assumed and speaking_repairs.inbound_eur = 0)
                )
                then speaking_repairs.outbound_eur
        end as stated_outbound_eur,
        coalesce(speaking_repairs.hourly_rate_eur, rates.labour_rate_eur_per_hour) as hourly_rate_eur,
        decided.is_unused as is_stated_unused,
        decided.engine_hours,
        {{ day_diff('order_lines.delivered_on', 'decided.requested_on') }} as days_from_delivery,
        parameters.unused_engine_hours,
        parameters.unused_report_days,
        coalesce(decided.requested_remedy = 'repair', false) as is_repair_asked,
        rates.freight_leg_eur,
        rates.diagnosis_hours,
        rates.landed_cost_share,
        rates.resale_factor_used,
        rates.resale_factor_unused,
        rates.resale_fee_share,
        rates.reconditioning_eur,
        rates.scrap_share,
        rates.handling_repair_eur,
        rates.handling_replacement_eur,
        rates.repeat_repair_probability,
        rates.later_claim_cost_eur,
        contract_rates.extension_claim_probability,
        contract_rates.renewal_claim_probability,
        rates.goodwill_eur_per_day,
        parameters.repair_target_days,
        parameters.exchange_target_days,
        case
            when
                extract(month from decided.requested_on)
                between rates.goodwill_season_from_month and rates.goodwill_season_to_month
                then rates.goodwill_season_factor
            else cast(1 as decimal(8,4))
        end as goodwill_factor,
        rates.part_parcel_eur,
        rates.part_cost_share,
        nullif(
            concat_ws(
                ', ',
                {%- for code in needed_rates %}
                case when rates.{{ code }} is null then '{{ code }}' end,
                {%- endfor %}
                case when contract_rates.extension_claim_probability is null then 'extension_claim_probability' end,
                case when contract_rates.renewal_claim_probability is null then 'renewal_claim_probability' end
            ), ''
        ) as missing_rates
    from decided
    left join order_lines
        on decided.order_id = order_lines.order_id and decided.line_number = order_lines.line_number
    left join products
        on decided.sku = products.sku
    left join rates
        on
            coalesce(decided.sku, ('family ' || coalesce(decided.family_code, 'unknown'))) = rates.rate_subject
            and decided.requested_on between rates.period_from and rates.period_to
    -- What a repair or a replacement adds to the warranty is the law of the contract date.
    left join rates as contract_rates
        on
            coalesce(decided.sku, ('family ' || coalesce(decided.family_code, 'unknown')))
            = contract_rates.rate_subject
            and coalesce(order_lines.contract_on, decided.requested_on)
            between contract_rates.period_from and contract_rates.period_to
    left join parameters
        on decided.requested_on between parameters.period_from and parameters.period_to
    left join speaking_repairs
        on decided.ticket_id = speaking_repairs.ticket_id

),

landed as (

    select
        *,
        not ({{ policy_facts()['is_used'] }}) as is_never_used,
        coalesce({{ euros('stated_landed_cost_eur') }}, {{ euros('price_eur * landed_cost_share') }})
            as landed_cost_eur,
        stated_landed_cost_eur is null as is_landed_cost_assumed,
        coalesce(own_quote_eur, work_eur) as known_work_eur
    from inputs

),

components as (

    select
        *,
        coalesce(stated_inbound_eur, {{ euros('freight_leg_eur') }}) as inbound_eur,
        coalesce(stated_diagnosis_eur, {{ euros('diagnosis_hours * hourly_rate_eur') }}) as diagnosis_eur,
        coalesce(stated_outbound_eur, {{ euros('freight_leg_eur') }}) as outbound_eur,
        {{ euros('handling_repair_eur') }} as repair_handling_eur,
        {{ euros('repeat_repair_probability * later_claim_cost_eur') }} as repeat_risk_eur,
        {{ euros('extension_claim_probability * later_claim_cost_eur') }} as extension_risk_eur,
        {{ euros('goodwill_eur_per_day * repair_target_days * goodwill_factor') }} as repair_goodwill_eur,
        {{ euros('freight_leg_eur') }} as replacement_outbound_eur,
        {{ euros('handling_replacement_eur') }} as replacement_handling_eur,
        case
            when is_repair_asked then {{ euros('renewal_claim_probability * later_claim_cost_eur') }}
            when missing_rates is null then cast(0 as decimal(18,2))
        end as renewal_risk_eur,
        {{ euros('goodwill_eur_per_day * exchange_target_days * goodwill_factor') }} as replacement_goodwill_eur,
        {{ euros('scrap_share * landed_cost_eur') }} as scrap_eur,
        {{ euros('case when is_never_used then resale_factor_unused else resale_factor_used end * price_eur * (1 - resale_fee_share)') }}
            as resale_eur
    from landed

),

fixed as (

    select
        *,
        -- What the returned machine brings before the work that makes it sellable: the salvage is this less R, at least scrap.
        cast(
            case when resale_eur > landed_cost_eur then landed_cost_eur else resale_eur end - reconditioning_eur
            as decimal(18,2)
        ) as resale_before_work_eur,
        cast(
            inbound_eur + diagnosis_eur + outbound_eur + repair_handling_eur + repeat_risk_eur + extension_risk_eur
            + repair_goodwill_eur as decimal(18,2)
        ) as repair_before_work_eur,
        cast(
            inbound_eur + landed_cost_eur + replacement_outbound_eur + replacement_handling_eur + renewal_risk_eur
            + replacement_goodwill_eur as decimal(18,2)
        ) as replacement_before_salvage_eur
    from components

),

costed as (

    select
        *,
        {{ salvage_eur('scrap_eur', 'resale_before_work_eur', 'known_work_eur') }} as salvage_eur,
        cast(repair_before_work_eur + known_work_eur as decimal(18,2)) as repair_cost_at_decision_eur
    from fixed

),

compared as (

    select
        *,
        cast(replacement_before_salvage_eur - salvage_eur as decimal(18,2)) as replacement_cost_at_decision_eur
    from costed

)

select
    ticket_id,
    repair_cost_at_decision_eur,
    replacement_cost_at_decision_eur,
    coalesce(repair_cost_at_decision_eur < replacement_cost_at_decision_eur, true) as is_repair_less_costly,
    repair_cost_at_decision_eur is null or replacement_cost_at_decision_eur is null as is_repair_cost_unknown,
    case
        when sku is null then 'no product is known'
        when missing_rates is not null then 'no rate for the date: ' || missing_rates
        when price_eur is null then 'neither a price paid nor a list price is known'
        when known_work_eur is null and cost_doubts is not null then 'its own amounts are in doubt: ' || cost_doubts
        when known_work_eur is null then 'neither a quote from before the decision nor the work is known'
    end as unknown_cost_reason,
    missing_rates,
    price_eur,
    is_price_assumed,
    landed_cost_eur,
    is_landed_cost_assumed,
    own_quote_eur,
    work_eur as own_work_eur,
    inbound_eur,
    stated_inbound_eur is null as is_inbound_assumed,
    diagnosis_eur,
    stated_diagnosis_eur is null as is_diagnosis_assumed,
    outbound_eur,
    stated_outbound_eur is null as is_outbound_assumed,
    repair_handling_eur,
    repeat_risk_eur,
    extension_risk_eur,
    repair_goodwill_eur,
    replacement_outbound_eur,
    replacement_handling_eur,
    renewal_risk_eur,
    replacement_goodwill_eur,
    scrap_eur,
    resale_eur,
    resale_before_work_eur,
    repair_before_work_eur,
    replacement_before_salvage_eur,
    is_never_used,
    part_parcel_eur,
    part_cost_share,
    repeat_repair_probability
from compared
