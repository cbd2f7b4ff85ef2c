-- Rows whose first event lies after the as-of day, counted, so that nothing is left out in silence.
{%- set feeds = [
    ('orders', ['order_id', 'line_number'], 'contract_at'),
    ('tickets', ['ticket_id'], 'requested_at'),
    ('repairs', ['repair_id'], 'received_at'),
] %}
with later as (
    {%- for feed, key, first_event in feeds %}
    select '{{ feed }}' as feed, {{ key | join(", ") }}{{ ", cast(null as string) as line_number" if key | length == 1 }}
    from (
        select distinct {{ key | join(", ") }}
        from {{ source('raw', feed) }}
        {{ known_deliveries() }}
        and {{ first_event }} >= {{ as_of_end() }}
    ) as {{ feed }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- A row that was moved to an earlier day by a newer version is not left out.
kept as (
    {%- for feed, key, first_event in feeds %}
    select '{{ feed }}' as feed, later.order_id, later.line_number
    from later
    inner join {{ ref('stg_feeds__' ~ feed) }} as {{ feed }}
        on
            later.feed = '{{ feed }}'
            and later.order_id = {{ feed }}.{{ key[0] }}
            {{ 'and later.line_number = ' ~ feed ~ '.line_number' if key | length == 2 }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    feeds.feed,
    cast(coalesce(counted.rows_later, 0) as bigint) as rows_left_out
from (
    {%- for feed, key, first_event in feeds %}
    select '{{ feed }}' as feed {{ 'union all' if not loop.last }}
    {%- endfor %}
) as feeds
left join (
    select feed, sum(rows_later) as rows_later
    from (
        select feed, count(*) as rows_later from later group by feed
        union all
        select feed, -count(*) as rows_later from kept group by feed
    ) as both_sides
    group by feed
) as counted on feeds.feed = counted.feed
