with repairs as (

    select * from {{ ref('int_repairs__linked') }}

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

centers as (

    select * from {{ ref('int_service_centers__latest') }}

),

priced as (

    select
        repairs.*,
        coalesce(
            nullif(order_lines.unit_price_eur, 0),
            {{ euros_of_quotient('products.list_price_incl_vat_eur', '1 + rates.vat_share') }}
        ) as price_eur,
        coalesce(
            repairs.labour_rate_eur_per_hour, centers.labour_rate_eur_per_hour, rates.labour_rate_eur_per_hour
        ) as hourly_rate_eur,
        repairs.labour_rate_eur_per_hour is null and centers.labour_rate_eur_per_hour is null as is_hourly_rate_assumed,
        rates.freight_leg_eur,
        rates.diagnosis_hours,
        rates.labour_hours_limit,
        rates.parts_price_limit_ratio
    from repairs
    left join order_lines
        on repairs.order_id = order_lines.order_id and repairs.line_number = order_lines.line_number
    left join products
        on repairs.sku = products.sku
    left join rates
        on
            coalesce(repairs.sku, ('family ' || coalesce(repairs.family_code, 'unknown'))) = rates.rate_subject
            and repairs.received_on between rates.period_from and rates.period_to
    left join centers
        on repairs.service_center_id = centers.service_center_id

),

-- What happened cost something, stated or not; what did not happen cost nothing.
components as (

    select
        *,
        {{ euros('coalesce(inbound_cost_eur, freight_leg_eur)') }} as inbound_eur,
        inbound_cost_eur is null as is_inbound_assumed,
        case
            when diagnosis_cost_eur is not null then {{ euros('diagnosis_cost_eur') }}
            when diagnosed_at is not null or fault_code is not null
                then {{ euros('diagnosis_hours * hourly_rate_eur') }}
            else cast(0 as decimal(18,2))
        end as diagnosis_eur,
        diagnosis_cost_eur is null and (diagnosed_at is not null or fault_code is not null) as is_diagnosis_assumed,
        coalesce(
            {{ euros('labour_cost_eur') }}, {{ euros_of_quotient('labour_minutes * hourly_rate_eur', 60) }}
        ) as labour_eur,
        labour_cost_eur is null and labour_minutes > 0 and is_hourly_rate_assumed as is_labour_assumed,
        {{ euros('parts_cost_eur') }} as parts_eur,
        {{ euros('quoted_total_eur') }} as quote_eur,
        case
            when outbound_cost_eur is not null then {{ euros('outbound_cost_eur') }}
            when returned_at is not null or outcome in ('repaired', 'returned_unrepaired')
                then {{ euros('freight_leg_eur') }}
            else cast(0 as decimal(18,2))
        end as outbound_eur,
        outbound_cost_eur is null
        and (returned_at is not null or coalesce(outcome, '') in ('repaired', 'returned_unrepaired'))
            as is_outbound_assumed,
        coalesce(
            inbound_cost_eur, diagnosis_cost_eur, labour_minutes, labour_cost_eur, parts_cost_eur, outbound_cost_eur, quoted_total_eur,
            customer_charge_eur
        ) is not null as has_amounts,
        repaired_at is not null or coalesce(outcome, '') in ('repaired', 'resold_refurbished') as is_work_done,
        coalesce(labour_minutes > labour_hours_limit * 60, false)
        or coalesce(labour_cost_eur > labour_hours_limit * hourly_rate_eur, false) as is_labour_over_limit,
        coalesce(parts_cost_eur > parts_price_limit_ratio * price_eur, false) as is_parts_over_limit,
        coalesce(quoted_total_eur > parts_price_limit_ratio * price_eur, false) as is_quote_over_limit,
        coalesce(quoted_total_eur is not null and quoted_at > repaired_at, false) as is_quote_late
    from priced

),

worked as (

    select
        *,
        -- Work done without its amounts: the quote stands for what the amounts leave open.
        case
            when is_work_done and (labour_eur is null or parts_eur is null) and quote_eur is not null
                then greatest(
                    cast(quote_eur - coalesce(labour_eur, 0) - coalesce(parts_eur, 0) as decimal(18,2)),
                    cast(0 as decimal(18,2))
                )
            else cast(0 as decimal(18,2))
        end as unstated_work_eur,
        -- The observed R of the cost model. An absurd amount is no observation.
        case
            when is_work_done and not is_labour_over_limit and not is_parts_over_limit
                then cast(labour_eur + parts_eur as decimal(18,2))
        end as work_eur,
        -- What a customer is quoted for an uncovered repair is a bill, transport included: it says nothing of the work alone.
        case
            when not is_quote_late and not is_quote_over_limit and coalesce(coverage, '') <> 'not_covered' then quote_eur
        end as usable_quote_eur
    from components

),

-- A feed that states no amount at all says nothing about cost: rates fill gaps, they do not invent a bill.
totals as (

    select
        *,
        case when has_amounts then cast(
            coalesce(inbound_eur, 0) + coalesce(diagnosis_eur, 0) + coalesce(labour_eur, 0) + coalesce(parts_eur, 0)
            + unstated_work_eur + coalesce(outbound_eur, 0) as decimal(18,2)
        ) end as total_cost_eur,
        case when has_amounts then cast(
            case when is_inbound_assumed then coalesce(inbound_eur, 0) else 0 end
            + case when is_diagnosis_assumed then coalesce(diagnosis_eur, 0) else 0 end
            + case when is_labour_assumed then coalesce(labour_eur, 0) else 0 end
            + unstated_work_eur
            + case when is_outbound_assumed then coalesce(outbound_eur, 0) else 0 end as decimal(18,2)
        ) end as assumed_cost_eur,
        cast(
            coalesce(inbound_eur, 0) + coalesce(outbound_eur, 0)
            + case
                when coalesce(labour_eur, 0) + coalesce(parts_eur, 0) + unstated_work_eur > quote_eur then quote_eur
                else coalesce(labour_eur, 0) + coalesce(parts_eur, 0) + unstated_work_eur
            end as decimal(18,2)
        ) as owed_eur,
        -- Known, or not yet spent.
        has_amounts and inbound_eur is not null and diagnosis_eur is not null and outbound_eur is not null
        and (not is_work_done or (labour_eur is not null and parts_eur is not null) or quote_eur is not null)
            as is_cost_complete,
        {{ euros('coalesce(customer_charge_eur, 0)') }} as charged_eur,
        resale_proceeds_eur as stated_proceeds_eur,
        {{ euros('coalesce(resale_proceeds_eur, 0)') }} as proceeds_eur
    from worked

)

select
    repair_id,
    ticket_id,
    order_id,
    line_number,
    sku,
    family_code,
    service_center_id,
    fault_code,
    coverage,
    outcome,
    received_at,
    received_on,
    quoted_at,
    repaired_at,
    price_eur,
    hourly_rate_eur,
    inbound_eur,
    diagnosis_eur,
    labour_eur,
    parts_eur,
    unstated_work_eur,
    outbound_eur,
    total_cost_eur,
    assumed_cost_eur,
    is_cost_complete,
    nullif(
        concat_ws(
            '|',
            case when is_inbound_assumed then 'inbound' end,
            case when is_diagnosis_assumed then 'diagnosis' end,
            case when is_labour_assumed then 'labour rate' end,
            case when unstated_work_eur > 0 then 'work' end,
            case when is_outbound_assumed then 'outbound' end
        ), ''
    ) as assumed_inputs,
    is_inbound_assumed,
    is_diagnosis_assumed,
    is_labour_assumed,
    is_outbound_assumed,
    is_work_done,
    work_eur,
    quote_eur,
    usable_quote_eur,
    nullif(
        concat_ws(
            '|',
            case when is_labour_over_limit then 'labour_over_limit' end,
            case when is_parts_over_limit then 'parts_over_limit' end,
            case when is_quote_over_limit then 'quote_over_limit' end,
            case when is_quote_late then 'quote_after_repair' end
        ), ''
    ) as cost_doubts,
    charged_eur,
    proceeds_eur,
    {{ euros('stated_proceeds_eur') }} as stated_proceeds_eur,
    cast(coalesce(total_cost_eur, 0) - charged_eur - proceeds_eur as decimal(18,2)) as net_cost_eur,
    -- Not covered: transport, labour and parts are the customer's, work up to the quote; the diagnosis is free.
    case
        when coverage = 'not_covered' and has_amounts and owed_eur > charged_eur then cast(owed_eur - charged_eur as decimal(18,2))
        else cast(0 as decimal(18,2))
    end as uncovered_unbilled_eur,
    case when coverage = 'covered' then charged_eur else cast(0 as decimal(18,2)) end as covered_billed_eur,
    case
        when coverage = 'goodwill' and has_amounts then greatest(cast(total_cost_eur - charged_eur as decimal(18,2)), cast(0 as decimal(18,2)))
        else cast(0 as decimal(18,2))
    end as goodwill_eur
from totals
