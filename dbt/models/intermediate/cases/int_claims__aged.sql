-- When the machine of a case entered service, how old it was when the defect appeared, and when the case took it away.
with tickets as (
    select
        tickets.*,
        diagnosed.is_machine_kept_back,
        lines.delivered_on,
        lines.unit_price_eur,
        lines.is_in_service,
        lines.base_warranty_end_on,
        lines.country_lag_days,
        -- A defect cannot have appeared after it was reported.
        case
            when tickets.defect_appeared_on <= tickets.requested_on then tickets.defect_appeared_on
            else tickets.requested_on
        end as appeared_on,
        coalesce(tickets.defect_appeared_on <= tickets.requested_on, false) as is_appearance_told
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
    left join {{ ref('int_order_lines__in_service') }} as lines
        on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
),

-- The day on which a unit left its owner for good, and the day on which another took its place.
replaced as (
    select
        tickets.*,
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
    from tickets
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
            when is_machine_kept_back then units
            when refunded_units is not null then refunded_units
            when coalesce(resolution in ('refunded', 'withdrawn'), true) or paypal_case_outcome = 'buyer_refunded'
                then units
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
    ticket_id,
    delivered_on,
    is_in_service,
    base_warranty_end_on,
    in_service_on,
    cast(lifetime_number as bigint) as lifetime_number,
    appeared_on,
    is_appearance_told,
    age_days,
    cast(age_days as double) / {{ days_per_month() }} as age_months,
    case when is_in_service and appeared_on <= base_warranty_end_on then {{ age_month('age_days') }} end as age_month,
    replaced_on,
    replacement_in_service_on,
    case when refunded_out_units > 0 then refund_ended_on end as refunded_out_on,
    refunded_out_units
from aged
