{{ config(materialized='view') }}

with lines as (
    select * from {{ ref('int_order_lines__in_service') }} where is_in_service
),

with_events as (
    select * from {{ ref('int_lifetimes__with_events') }}
),

touched_units as (
    select order_id, line_number, count(*) as units
    from with_events
    where lifetime_number = 1
    group by order_id, line_number
),

observed as (
    select
        lines.order_id,
        lines.line_number,
        cast(null as bigint) as unit_number,
        cast(1 as bigint) as lifetime_number,
        lines.sku,
        lines.family_code,
        lines.supplier_id,
        lines.lot_code,
        lines.delivered_on as entered_on,
        greatest(
            lines.delivered_on, least({{ as_of_date() }}, lines.base_warranty_end_on, lines.cancelled_on)
        ) as ended_on,
        coalesce(
            lines.base_warranty_end_on <= {{ as_of_date() }}
            and (lines.cancelled_on is null or lines.cancelled_on >= lines.base_warranty_end_on),
            false
        ) as is_completed,
        lines.units - coalesce(touched_units.units, 0) as units
    from lines
    left join touched_units
        on lines.order_id = touched_units.order_id and lines.line_number = touched_units.line_number
    where lines.units > coalesce(touched_units.units, 0)
    union all
    select
        order_id,
        line_number,
        unit_number,
        lifetime_number,
        sku,
        family_code,
        supplier_id,
        lot_code,
        entered_on,
        ended_on,
        end_kind = 'warranty_end' and lifetime_number = 1 as is_completed,
        cast(1 as bigint) as units
    from with_events
)

select
    observed.*,
    {{ day_diff('entered_on', 'ended_on') }} as watched_days
from observed
