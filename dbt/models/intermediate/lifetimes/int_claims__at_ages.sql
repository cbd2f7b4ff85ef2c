-- Every claim on a machine while it was watched, repeats included, at its age when the defect appeared.
with events as (
    select * from {{ ref('int_lifetimes__events') }}
),

lifetimes as (
    select * from {{ ref('int_lifetimes__with_events') }}
)

select
    events.order_id,
    events.line_number,
    events.unit_number,
    events.lifetime_number,
    events.ticket_id,
    lifetimes.family_code,
    events.cause,
    {{ day_diff('lifetimes.entered_on', 'greatest(lifetimes.entered_on, events.appeared_on)') }} as age_days,
    {{ day_diff('lifetimes.entered_on', 'lifetimes.ended_on') }} as watched_days
from events
inner join lifetimes
    on
        events.order_id = lifetimes.order_id
        and events.line_number = lifetimes.line_number
        and events.unit_number = lifetimes.unit_number
        and events.lifetime_number = lifetimes.lifetime_number
where events.is_claim and events.appeared_on <= lifetimes.ended_on
