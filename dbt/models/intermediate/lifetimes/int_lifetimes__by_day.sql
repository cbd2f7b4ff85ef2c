-- What the life table counts by month, by day. Cause '*' is every lifetime as if nothing had happened in it; the first event of
-- a cause adds itself and takes its lifetime's stop away. An event whose day nobody told lies in the days before its request.
-- Who leaves after the fourth week counts with those of the same week, with the days that they were watched: a week is nothing
-- beside a lifetime, and a scope then has 130 rows however many units.
with stops as (
    select
        sku,
        family_code,
        supplier_id,
        watched_days,
        cast(sum(units) as bigint) as units
    from {{ ref('int_lifetimes__observed') }}
    group by sku, family_code, supplier_id, watched_days
),

with_events as (
    select
        lifetimes.*,
        {{ day_diff('entered_on', 'ended_on') }} as watched_days
    from {{ ref('int_lifetimes__with_events') }} as lifetimes
),

{%- set left_at = 'case when watched_days < 28 then watched_days else 7 * cast(floor(watched_days / 7.0) as bigint) end' %}

cells as (
    select
        sku,
        family_code,
        supplier_id,
        '*' as cause,
        cast(null as {{ dbt.type_string() }}) as first_cause,
        cast(0 as bigint) as after_days,
        {{ left_at }} as age_days,
        cast(0 as bigint) as events,
        units as left_units,
        units * watched_days as left_days
    from stops
    {%- for event in lifetime_events() if event.bound == 'known' %}
    {%- set age = day_diff('entered_on', 'first_' ~ event.name ~ '_on') %}
    union all
    select
        sku,
        family_code,
        supplier_id,
        '{{ event.cause }}' as cause,
        {{ 'first_any_cause' if event.cause == 'any' else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as first_cause,
        case
            when is_{{ event.name }}_dated then {{ age }}
            else greatest({{ age }} - {{ var('untold_days') }}, 0)
        end as after_days,
        {{ age }} as age_days,
        cast(1 as bigint) as events,
        cast(0 as bigint) as left_units,
        cast(0 as bigint) as left_days
    from with_events
    where first_{{ event.name }}_on is not null
    union all
    select
        sku,
        family_code,
        supplier_id,
        '{{ event.cause }}' as cause,
        cast(null as {{ dbt.type_string() }}) as first_cause,
        cast(0 as bigint) as after_days,
        {{ left_at }} as age_days,
        cast(0 as bigint) as events,
        cast(-1 as bigint) as left_units,
        -watched_days as left_days
    from with_events
    where first_{{ event.name }}_on is not null
    {%- endfor %}
),

by_sku as (
    select
        sku,
        family_code,
        supplier_id,
        cause,
        first_cause,
        after_days,
        age_days,
        sum(events) as events,
        sum(left_units) as left_units,
        sum(left_days) as left_days
    from cells
    group by sku, family_code, supplier_id, cause, first_cause, after_days, age_days
)

{%- for scope_type, scope_id in [('sku', 'sku'), ('supplier', 'supplier_id'), ('family', 'family_code'), ('all', "'all'")] %}
select
    '{{ scope_type }}' as scope_type,
    {{ scope_id }} as scope_id,
    cause,
    first_cause,
    cast(after_days as bigint) as after_days,
    cast(age_days as bigint) as age_days,
    cast(sum(events) as bigint) as events,
    cast(sum(left_units) as bigint) as left_units,
    cast(sum(left_days) as bigint) as left_days
from by_sku
where {{ scope_id }} is not null
group by {{ scope_id ~ ', ' if scope_type != 'all' }}cause, first_cause, after_days, age_days
{{ 'union all' if not loop.last }}
{%- endfor %}
