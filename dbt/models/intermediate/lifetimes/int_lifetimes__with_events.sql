-- Only units that a ticket touched get a row each; the millions of others are counted by line in int_lifetimes__observed.
with events as (
    select * from {{ ref('int_lifetimes__events') }}
),

-- Which claim is the first that was a defect or may have been one: among those of a day, a known defect.
possible as (
    select
        events.*,
        row_number() over (
            partition by order_id, line_number, unit_number, lifetime_number
            order by
                case when is_claim and cause in ('defect', 'unknown') then 0 else 1 end,
                appeared_on,
                case when cause = 'defect' then 0 else 1 end,
                ticket_id
        ) as possible_place,
        row_number() over (
            partition by order_id, line_number, unit_number, lifetime_number, is_claim order by appeared_on, ticket_id
        ) as place
    from events
),

per_lifetime as (
    select
        order_id,
        line_number,
        unit_number,
        lifetime_number,
        min(replaced_on) as replaced_on,
        min(replacement_in_service_on) as replacement_in_service_on,
        min(refunded_out_on) as refunded_on,
        {%- for event in lifetime_events() %}
        {%- set counted %}
            {%- if event.cause == 'any' %}is_claim
            {%- else %}{{ 'not ' if event.cause == 'return' }}is_claim and cause in ('{{ event.causes | join("', '") }}')
            {%- endif %}
        {%- endset %}
        min(case when {{ counted }} then appeared_on end) as first_{{ event.name }}_on,
        {%- if event.bound == 'known' %}
        min(case when {{ counted }} and is_dated then appeared_on end) as first_dated_{{ event.name }}_on,
        {%- endif %}
        {%- endfor %}
        max(case when is_claim and place = 1 then cause end) as first_any_cause,
        max(case when possible_place = 1 then defect_share end) as first_defect_share
    from possible
    group by order_id, line_number, unit_number, lifetime_number
),

starts as (
    select distinct
        order_id,
        line_number,
        unit_number,
        cast(1 as bigint) as lifetime_number,
        cast(null as date) as replacement_in_service_on
    from per_lifetime
    union all
    select
        order_id,
        line_number,
        unit_number,
        lifetime_number + 1 as lifetime_number,
        replacement_in_service_on
    from per_lifetime
    where replacement_in_service_on is not null
),

-- A replacement is watched until the warranty of the sale ends; one that arrives later is not watched at all.
entered as (
    select
        starts.order_id,
        starts.line_number,
        starts.unit_number,
        starts.lifetime_number,
        lines.sku,
        lines.family_code,
        lines.supplier_id,
        case when starts.lifetime_number = 1 then lines.lot_code end as lot_code,
        coalesce(starts.replacement_in_service_on, lines.delivered_on) as entered_on,
        lines.base_warranty_end_on,
        lines.cancelled_on
    from starts
    inner join {{ ref('int_order_lines__in_service') }} as lines
        on starts.order_id = lines.order_id and starts.line_number = lines.line_number
    where coalesce(starts.replacement_in_service_on, lines.delivered_on) <= lines.base_warranty_end_on
),

ended as (
    select
        entered.*,
        per_lifetime.replaced_on,
        per_lifetime.refunded_on,
        greatest(
            entered.entered_on,
            least(
                {{ as_of_date() }},
                entered.base_warranty_end_on,
                per_lifetime.replaced_on,
                per_lifetime.refunded_on,
                entered.cancelled_on
            )
        ) as ended_on
        {%- for event in lifetime_events() %},
        greatest(entered.entered_on, per_lifetime.first_{{ event.name }}_on) as first_{{ event.name }}_on,
        per_lifetime.first_{{ event.name }}_on is not null as has_{{ event.name }}
        {%- if event.bound == 'known' %},
        coalesce(per_lifetime.first_dated_{{ event.name }}_on = per_lifetime.first_{{ event.name }}_on, false)
            as is_{{ event.name }}_dated
        {%- endif %}
        {%- endfor %},
        per_lifetime.first_any_cause,
        per_lifetime.first_defect_share
    from entered
    left join per_lifetime
        on
            entered.order_id = per_lifetime.order_id
            and entered.line_number = per_lifetime.line_number
            and entered.unit_number = per_lifetime.unit_number
            and entered.lifetime_number = per_lifetime.lifetime_number
)

select
    order_id,
    line_number,
    cast(unit_number as bigint) as unit_number,
    cast(lifetime_number as bigint) as lifetime_number,
    sku,
    family_code,
    supplier_id,
    lot_code,
    entered_on,
    base_warranty_end_on,
    ended_on,
    case
        when ended_on = replaced_on then 'replaced'
        when ended_on = refunded_on then 'refunded'
        when ended_on = cancelled_on then 'cancelled'
        when ended_on = base_warranty_end_on then 'warranty_end'
        else 'as_of'
    end as end_kind
    {%- for event in lifetime_events() %},
    -- Seen only while the unit was watched.
    case when has_{{ event.name }} and first_{{ event.name }}_on <= ended_on then first_{{ event.name }}_on end
        as first_{{ event.name }}_on
    {%- if event.bound == 'known' %},
    is_{{ event.name }}_dated
    {%- endif %}
    {%- endfor %},
    first_any_cause,
    first_defect_share
from ended
