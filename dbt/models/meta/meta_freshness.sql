{{ config(alias='freshness') }}
{%- set feeds = [('orders', 'contract_at'), ('tickets', 'requested_at'), ('repairs', 'received_at')] -%}

-- A feed that stopped reads like good news. So each feed is held against its own rhythm: silent for longer than it ever was in
-- the year before its newest row, it is taken to have stopped, and nothing is concluded of the days after that row. Silent for
-- several of its usual gaps, it is quiet: a warning, no conclusion.
with days as (
    {%- for feed, happened_at in feeds %}
    select distinct '{{ feed }}' as feed, {{ local_date(happened_at) }} as happened_on
    from {{ ref('stg_feeds__' ~ feed) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

newest as (
    select feed, min(happened_on) as first_event_on, max(happened_on) as last_event_on
    from days
    group by feed
),

gaps as (
    select
        days.feed,
        {{ day_diff('lag(happened_on) over (partition by days.feed order by happened_on)', 'happened_on') }} as gap_days
    from days
    inner join newest on days.feed = newest.feed
    where days.happened_on >= {{ add_days('newest.last_event_on', -365) }}
),

ranked as (
    select
        feed,
        gap_days,
        row_number() over (partition by feed order by gap_days) as place,
        count(*) over (partition by feed) as gaps
    from gaps
    where gap_days is not null
),

rhythm as (
    select
        feed,
        cast(max(gaps) + 1 as bigint) as event_days,
        cast(max(gap_days) as bigint) as longest_gap_days,
        cast(max(case when 2 * place <= gaps + 1 then gap_days end) as bigint) as usual_gap_days
    from ranked
    group by feed
),

delivered as (
    select feed, max(received_at) as last_delivery_at, cast(count(distinct delivery_id) as bigint) as deliveries
    from {{ ref('stg_feeds__deliveries') }}
    where rows_read > 0
    group by feed
),

named as (
    {%- for feed, _ in feeds %}
    select '{{ feed }}' as feed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

known as (
    select
        named.feed,
        newest.first_event_on,
        newest.last_event_on,
        delivered.last_delivery_at,
        coalesce(delivered.deliveries, 0) as deliveries,
        coalesce(rhythm.event_days, case when newest.feed is null then 0 else 1 end) as event_days,
        rhythm.usual_gap_days,
        rhythm.longest_gap_days,
        {{ day_diff('newest.last_event_on', as_of_date()) }} as silent_days
    from named
    left join delivered on named.feed = delivered.feed
    left join newest on named.feed = newest.feed
    left join rhythm on named.feed = rhythm.feed
)

select
    known.*,
    -- Too few days of events know no rhythm.
    case
        when event_days = 0 then 'none'
        when event_days < {{ var('minimum_event_days') }} then 'unknown'
        when silent_days > greatest(longest_gap_days, 2) then 'stopped'
        when silent_days > greatest({{ var('quiet_gaps') }} * usual_gap_days, 2) then 'quiet'
        else 'alive'
    end as state,
    case
        when event_days >= {{ var('minimum_event_days') }} and silent_days > greatest(longest_gap_days, 2) then last_event_on
        else {{ as_of_date() }}
    end as covered_until_on
from known
