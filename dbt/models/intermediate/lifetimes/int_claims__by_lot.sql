-- The first claim of a machine, and its first claim for each defect that a workshop named, by the month asked and the month
-- in which it could be known: a claim when it was asked, its fault when it was diagnosed.
-- What a workshop names that calls every claim the same says nothing: it counts as a claim, of no fault.
with uniform as (
    select service_center_id
    from {{ ref('int_claims__by_center') }}
    group by service_center_id
    having count(distinct fault_code) = 1 and sum(claims) >= {{ var('watch_minimum_diagnoses') }}
),

claims as (
    select
        lifetimes.family_code,
        products.power_source,
        lifetimes.supplier_id,
        lifetimes.sku,
        lifetimes.lot_code,
        lifetimes.entered_on,
        events.order_id,
        events.line_number,
        events.unit_number,
        events.lifetime_number,
        events.ticket_id,
        events.requested_at,
        greatest(lifetimes.entered_on, {{ local_date('events.requested_at') }}) as claimed_on,
        case
            when repairs.fault_kind = 'defect' and uniform.service_center_id is null then repairs.fault_code
        end as fault_code,
        {{ local_date('coalesce(repairs.diagnosed_at, repairs.received_at)') }} as diagnosed_on
    from {{ ref('int_lifetimes__events') }} as events
    inner join {{ ref('int_lifetimes__with_events') }} as lifetimes
        on
            events.order_id = lifetimes.order_id
            and events.line_number = lifetimes.line_number
            and events.unit_number = lifetimes.unit_number
            and events.lifetime_number = lifetimes.lifetime_number
    left join {{ ref('int_products__completed') }} as products on lifetimes.sku = products.sku
    left join {{ ref('int_claims__diagnosed') }} as diagnosed on events.ticket_id = diagnosed.ticket_id
    left join {{ ref('int_repairs__assigned') }} as repairs on diagnosed.latest_repair_id = repairs.repair_id
    left join uniform on diagnosed.service_center_id = uniform.service_center_id
    where
        events.is_claim
        and {{ month_of('greatest(lifetimes.entered_on, ' ~ local_date('events.requested_at') ~ ')') }}
        <= {{ month_of('lifetimes.ended_on') }}
),

kinds as (
    select
        claims.*,
        cast(null as {{ dbt.type_string() }}) as watched_fault_code,
        claimed_on as known_on
    from claims
    union all
    select
        claims.*,
        fault_code as watched_fault_code,
        greatest(claimed_on, diagnosed_on) as known_on
    from claims
    where fault_code is not null
),

firsts as (
    select
        kinds.*,
        row_number() over (
            partition by order_id, line_number, unit_number, lifetime_number, watched_fault_code
            order by requested_at, ticket_id
        ) as place
    from kinds
)

select
    family_code,
    power_source,
    supplier_id,
    sku,
    lot_code,
    {{ month_of('entered_on') }} as delivery_month,
    {{ month_of('claimed_on') }} as claim_month,
    {{ month_of('known_on') }} as known_month,
    watched_fault_code as fault_code,
    cast(count(*) as bigint) as claims
from firsts
where place = 1
group by
    family_code,
    power_source,
    supplier_id,
    sku,
    lot_code,
    {{ month_of('entered_on') }},
    {{ month_of('claimed_on') }},
    {{ month_of('known_on') }},
    watched_fault_code
