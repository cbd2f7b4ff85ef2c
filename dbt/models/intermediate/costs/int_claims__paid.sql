with priced as (

    select * from {{ ref('int_claims__priced') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

repairs as (

    select * from {{ ref('int_repairs__costed') }}

),

-- Freight into a workshop while a PayPal case was open.
held_repairs as (

    select
        repairs.*,
        coalesce(
            repairs.received_at >= tickets.paypal_case_opened_at
            and (tickets.paypal_case_closed_at is null or repairs.received_at < tickets.paypal_case_closed_at), false
        ) as is_in_paypal_case
    from repairs
    inner join tickets on repairs.ticket_id = tickets.ticket_id

),

repairs_of_ticket as (

    select
        ticket_id,
        cast(count(*) as bigint) as repair_orders,
        cast(sum(total_cost_eur) as decimal(18,2)) as repairs_cost_eur,
        cast(sum(assumed_cost_eur) as decimal(18,2)) as assumed_eur,
        cast(sum(case when is_in_paypal_case then inbound_eur else 0 end) as decimal(18,2)) as paypal_return_freight_eur,
        cast(sum(parts_eur) as decimal(18,2)) as parts_eur,
        cast(sum(charged_eur) as decimal(18,2)) as customer_charge_eur,
        cast(sum(proceeds_eur) as decimal(18,2)) as resale_proceeds_eur,
        cast(sum(case when outcome in ('resold_refurbished', 'resold_as_is', 'scrapped') then stated_proceeds_eur end) as decimal(18,2))
            as known_proceeds_eur,
        cast(sum(uncovered_unbilled_eur) as decimal(18,2)) as uncovered_unbilled_eur,
        cast(sum(covered_billed_eur) as decimal(18,2)) as covered_billed_eur,
        cast(sum(goodwill_eur) as decimal(18,2)) as goodwill_eur,
        cast(min(case when is_cost_complete then 1 else 0 end) as bigint) as is_complete
    from held_repairs
    group by ticket_id

),

remedied as (

    select
        priced.*,
        tickets.units,
        tickets.resolution,
        tickets.refunded_at,
        tickets.refunded_amount_eur as stated_refund_eur,
        tickets.replacement_shipped_at,
        tickets.paypal_case_outcome,
        coalesce(tickets.resolution = 'replaced' or tickets.replacement_shipped_at is not null, false) as is_replaced,
        coalesce(
            tickets.resolution = 'refunded' or tickets.refunded_at is not null or tickets.refunded_amount_eur > 0, false
        ) as is_refunded,
        coalesce(tickets.resolution = 'spare_part_shipped', false) as is_part_sent,
        repairs_of_ticket.repair_orders,
        repairs_of_ticket.repairs_cost_eur,
        repairs_of_ticket.assumed_eur as repairs_assumed_eur,
        -- The policy lets the customer bear it, the law the seller where the defect is confirmed.
        coalesce(repairs_of_ticket.paypal_return_freight_eur, cast(0 as decimal(18,2))) as paypal_return_freight_eur,
        repairs_of_ticket.parts_eur as repairs_parts_eur,
        repairs_of_ticket.customer_charge_eur,
        repairs_of_ticket.resale_proceeds_eur,
        repairs_of_ticket.known_proceeds_eur,
        coalesce(repairs_of_ticket.uncovered_unbilled_eur, cast(0 as decimal(18,2))) as uncovered_unbilled_eur,
        coalesce(repairs_of_ticket.covered_billed_eur, cast(0 as decimal(18,2))) as covered_billed_eur,
        coalesce(repairs_of_ticket.goodwill_eur, cast(0 as decimal(18,2))) as goodwill_eur,
        coalesce(repairs_of_ticket.is_complete, 1) = 1 as is_repairs_cost_complete
    from priced
    inner join tickets on priced.ticket_id = tickets.ticket_id
    left join repairs_of_ticket on priced.ticket_id = repairs_of_ticket.ticket_id

),

amounts as (

    select
        *,
        -- A machine that comes back for a new one or for money travels, though no workshop noted it; what PayPal
        -- ordered back, the buyer sends.
        case
            when
                repair_orders is null
                and (is_replaced or resolution = 'refunded')
                and coalesce(paypal_case_outcome <> 'buyer_refunded', true)
                then units * inbound_eur
        end as return_freight_raw_eur,
        case when is_replaced then units * landed_cost_eur end as new_units_raw_eur,
        case when is_replaced then units * replacement_outbound_eur end as new_units_freight_raw_eur,
        case
            when is_refunded then coalesce({{ euros('stated_refund_eur') }}, units * price_eur)
        end as refund_raw_eur,
        case
            when is_part_sent and repairs_parts_eur is null
                then {{ euros('part_cost_share * price_eur') }}
        end as part_raw_eur,
        case when is_part_sent then {{ euros('part_parcel_eur') }} end as part_freight_raw_eur,
        case
            when is_replaced or is_refunded then replacement_handling_eur
            when repair_orders > 0 or is_part_sent then repair_handling_eur
        end as handling_raw_eur
    from remedied

),

paid as (

    select
        *,
        {%- for part in ['return_freight', 'new_units', 'new_units_freight', 'refund', 'part', 'part_freight', 'handling'] %}
        cast(coalesce({{ part }}_raw_eur, 0) as decimal(18,2)) as {{ part }}_eur,
        {%- endfor %}
        coalesce(repairs_cost_eur, cast(0 as decimal(18,2))) as repairs_eur,
        coalesce(customer_charge_eur, cast(0 as decimal(18,2))) as charged_eur,
        coalesce(resale_proceeds_eur, cast(0 as decimal(18,2))) as proceeds_eur,
        coalesce(repairs_assumed_eur, cast(0 as decimal(18,2))) as repairs_known_assumed_eur,
        cast(case when is_landed_cost_assumed then coalesce(new_units_raw_eur, 0) else 0 end as decimal(18,2))
            as new_units_assumed_eur,
        cast(case when is_refunded and stated_refund_eur is null then coalesce(refund_raw_eur, 0) else 0 end as decimal(18,2))
            as refund_assumed_eur,
        nullif(
            concat_ws(
                ', ',
                case when not is_repairs_cost_complete then 'work of a repair' end,
                case when is_replaced and landed_cost_eur is null then 'cost of the new unit' end,
                case when is_refunded and stated_refund_eur is null and price_eur is null then 'amount of the refund' end,
                case when is_part_sent and repairs_parts_eur is null and price_eur is null then 'cost of the part' end,
                case when missing_rates is not null then 'a rate for the date' end
            ), ''
        ) as unknown_costs
    from amounts

),

summed as (

    select
        *,
        cast(
            repairs_eur + return_freight_eur + new_units_eur + new_units_freight_eur + refund_eur + part_eur
            + part_freight_eur + handling_eur as decimal(18,2)
        ) as paid_eur,
        cast(charged_eur + proceeds_eur as decimal(18,2)) as recovered_eur,
        cast(
            repairs_known_assumed_eur + return_freight_eur + new_units_assumed_eur + new_units_freight_eur + refund_assumed_eur
            + part_eur + part_freight_eur + handling_eur as decimal(18,2)
        ) as assumed_cost_eur
    from paid

)

select
    ticket_id,
    repairs_eur as repairs_cost_eur,
    repairs_known_assumed_eur as repairs_assumed_eur,
    return_freight_eur,
    new_units_eur,
    new_units_assumed_eur,
    new_units_freight_eur,
    refund_eur,
    refund_assumed_eur,
    part_eur,
    part_freight_eur,
    handling_eur,
    paid_eur,
    charged_eur as customer_charge_eur,
    proceeds_eur as resale_proceeds_eur,
    known_proceeds_eur,
    recovered_eur,
    cast(paid_eur - recovered_eur as decimal(18,2)) as net_cost_eur,
    assumed_cost_eur,
    unknown_costs,
    unknown_costs is null as is_cost_complete,
    stated_refund_eur,
    repairs_parts_eur,
    uncovered_unbilled_eur,
    covered_billed_eur,
    goodwill_eur,
    paypal_return_freight_eur,
    cast(uncovered_unbilled_eur + goodwill_eur + paypal_return_freight_eur as decimal(18,2)) as leaked_eur
from summed
