with tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

lines as (
    select * from {{ ref('int_order_lines__in_service') }}
),

repairs as (
    select * from {{ ref('int_repairs__linked') }}
),

-- The latest diagnosed repair order speaks for the ticket; without a diagnosis, the latest one tells where the machine is.
latest_repairs as (
    select *
    from (
        select
            repairs.*,
            count(*) over (partition by ticket_id) as repairs_of_ticket,
            row_number() over (
                partition by ticket_id
                order by
                    case when is_diagnosed then 0 else 1 end,
                    coalesce(diagnosed_at, received_at) desc,
                    received_at desc,
                    repair_id desc
            ) as recency
        from repairs
        where ticket_id is not null
    ) as ranked
    where recency = 1
),

diagnosed as (
    select
        tickets.*,
        case when latest_repairs.is_diagnosed then latest_repairs.repair_id end as latest_repair_id,
        case when latest_repairs.is_diagnosed then latest_repairs.fault_code end as latest_fault_code,
        case when latest_repairs.is_diagnosed then latest_repairs.evidence_grade end as evidence_grade,
        latest_repairs.service_center_id,
        cast(coalesce(latest_repairs.repairs_of_ticket, 0) as bigint) as repairs,
        coalesce(latest_repairs.outcome in ('replaced', 'scrapped', 'resold_refurbished', 'resold_as_is'), false)
            as is_machine_kept_back,
        lines.delivered_on,
        lines.unit_price_eur,
        lines.is_in_service,
        lines.base_warranty_end_on,
        lines.country_lag_days,
        case
            when latest_repairs.fault_kind is not null then latest_repairs.fault_kind
            when tickets.category = 'withdrawal' then 'return'
            when tickets.category = 'missing_part' then 'missing_part'
            when tickets.category = 'transit_damage' then 'transit'
            when tickets.resolution in ('repaired', 'replaced', 'refunded', 'spare_part_shipped') then 'defect'
            else 'unknown'
        end as cause,
        latest_repairs.fault_kind is null
        and coalesce(tickets.category not in ('withdrawal', 'missing_part', 'transit_damage'), true)
        and coalesce(tickets.resolution in ('repaired', 'replaced', 'refunded', 'spare_part_shipped'), false)
            as is_cause_presumed,
        -- A defect cannot have appeared after it was reported.
        case
            when tickets.defect_appeared_on <= tickets.requested_on then tickets.defect_appeared_on
            else tickets.requested_on
        end as appeared_on
    from tickets
    left join latest_repairs on tickets.ticket_id = latest_repairs.ticket_id
    left join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
),

-- The day on which a unit left its owner for good, and the day on which another took its place.
replaced as (
    select
        diagnosed.*,
        case
            when
                resolution = 'replaced' or replacement_shipped_on is not null or replacement_delivered_on is not null
                then coalesce(replacement_shipped_on, replacement_delivered_on, closed_on)
        end as replaced_on,
        case
            when
                resolution = 'replaced' or replacement_shipped_on is not null or replacement_delivered_on is not null
                then coalesce(
                    replacement_delivered_on,
                    {{ add_days('replacement_shipped_on', 'country_lag_days') }},
                    closed_on
                )
        end as expected_in_service_on
    from diagnosed
),

exits as (
    select
        replaced.*,
        case when expected_in_service_on <= {{ as_of_date() }} then expected_in_service_on end
            as replacement_in_service_on,
        case
            when resolution in ('refunded', 'withdrawn') then coalesce(refunded_on, closed_on)
            when paypal_case_outcome = 'buyer_refunded' then coalesce(refunded_on, paypal_case_closed_on)
            else refunded_on
        end as refund_ended_on,
        -- How many whole prices were given back; unknown where the amount or the price is. A twentieth may be missing: what
        -- is kept for shipping or wear does not leave the machine with its owner.
        case
            when refunded_amount_eur is not null and unit_price_eur > 0
                then cast(floor(cast(refunded_amount_eur as double) / cast(unit_price_eur as double) + 0.05) as bigint)
        end as refunded_units
    from replaced
),

-- A refund ends a unit's life where it is the whole price, or where the machine stayed with the seller. What is given back
-- beside that (goodwill, a reduction) ends nothing.
refunded as (
    select
        exits.*,
        case
            when refund_ended_on is null then cast(0 as bigint)
            when is_machine_kept_back then event_units
            when refunded_units is not null then refunded_units
            when coalesce(resolution in ('refunded', 'withdrawn'), true) or paypal_case_outcome = 'buyer_refunded'
                then event_units
            else cast(0 as bigint)
        end as refunded_out_units
    from exits
),

-- The machine that a claim is about entered service when the line was delivered, or when it replaced another before.
entered as (
    select
        refunded.*,
        greatest(
            delivered_on,
            case
                when is_linked and is_claim
                    then max(replacement_in_service_on) over (
                        partition by order_id, line_number, unit_number, is_claim
                        order by requested_at, ticket_id
                        rows between unbounded preceding and 1 preceding
                    )
            end
        ) as in_service_on,
        case
            when is_linked and is_claim
                then 1 + count(replacement_in_service_on) over (
                    partition by order_id, line_number, unit_number, is_claim
                    order by requested_at, ticket_id
                    rows between unbounded preceding and 1 preceding
                )
        end as lifetime_number
    from refunded
),

aged as (
    select
        entered.*,
        case
            when is_in_service
                then greatest({{ day_diff('in_service_on', 'appeared_on') }}, cast(0 as bigint))
        end as age_days
    from entered
)

select
    aged.ticket_id,
    aged.customer_id,
    aged.order_id,
    aged.line_number,
    aged.is_linked,
    aged.link_method,
    aged.unit_number,
    aged.is_unit_repeat,
    aged.event_units,
    aged.sku,
    aged.family_code,
    aged.supplier_id,
    aged.lot_code,
    aged.category,
    aged.channel,
    aged.resolution,
    aged.requested_at,
    aged.requested_on,
    aged.closed_on,
    aged.is_claim,
    aged.cause,
    aged.is_cause_presumed,
    aged.is_claim and aged.cause = 'defect' as is_failure,
    aged.latest_repair_id,
    aged.latest_fault_code,
    aged.service_center_id,
    aged.evidence_grade,
    aged.repairs,
    aged.delivered_on,
    aged.is_in_service,
    aged.in_service_on,
    cast(aged.lifetime_number as bigint) as lifetime_number,
    aged.base_warranty_end_on,
    aged.appeared_on,
    aged.age_days,
    cast(aged.age_days as double) / 30.4375 as age_months,
    case
        when aged.is_in_service and aged.appeared_on <= aged.base_warranty_end_on
            then {{ age_month('aged.age_days') }}
    end as age_month,
    aged.replaced_on,
    aged.replacement_in_service_on,
    case when aged.refunded_out_units > 0 then aged.refund_ended_on end as refunded_out_on,
    aged.refunded_out_units
from aged
