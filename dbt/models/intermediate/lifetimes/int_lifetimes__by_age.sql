-- Counts per product and delivery month. Cause '*' is every lifetime as if nothing had happened in it: where it stopped
-- being watched. A first event of a cause adds itself and takes its lifetime's stop away. Bounds other than `known` say how
-- it would be if unknown causes were that cause.
with stops as (
    select sku, family_code, supplier_id, delivery_month, is_completed, end_age_month, followed_months, units, watched_days
    from {{ ref('int_lifetimes__by_month') }}
),

with_events as (
    select
        lifetimes.*,
        {{ month_of('entered_on') }} as delivery_month,
        end_kind = 'warranty_end' and lifetime_number = 1 as is_completed,
        {{ age_month(day_diff('entered_on', 'ended_on')) }} as end_age_month,
        {{ day_diff('entered_on', 'ended_on') }} as watched_days
    from {{ ref('int_lifetimes__with_events') }} as lifetimes
),

cells as (
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        '*' as cause,
        '*' as bound,
        end_age_month as age_month,
        cast(0 as bigint) as events,
        cast(0 as decimal(18,6)) as expected_events,
        case when is_completed then 0 else units end as censored,
        case when is_completed then units else 0 end as completed,
        watched_days as left_days,
        cast(0 as bigint) as followed
    from stops
    union all
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        '*' as cause,
        '*' as bound,
        followed_months as age_month,
        cast(0 as bigint) as events,
        cast(0 as decimal(18,6)) as expected_events,
        cast(0 as bigint) as censored,
        cast(0 as bigint) as completed,
        cast(0 as bigint) as left_days,
        units as followed
    from stops
    where followed_months > 0
    {%- for event in lifetime_events() %}
    union all
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        '{{ event.cause }}' as cause,
        '{{ event.bound }}' as bound,
        {{ age_month(day_diff('entered_on', 'first_' ~ event.name ~ '_on')) }} as age_month,
        cast(1 as bigint) as events,
        cast({{ 'first_defect_share' if event.name == 'defect_possible' else 1 }} as decimal(18,6)) as expected_events,
        cast(0 as bigint) as censored,
        cast(0 as bigint) as completed,
        cast(0 as bigint) as left_days,
        cast(0 as bigint) as followed
    from with_events
    where first_{{ event.name }}_on is not null
    union all
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        '{{ event.cause }}' as cause,
        '{{ event.bound }}' as bound,
        end_age_month as age_month,
        cast(0 as bigint) as events,
        cast(0 as decimal(18,6)) as expected_events,
        cast(case when is_completed then 0 else -1 end as bigint) as censored,
        cast(case when is_completed then -1 else 0 end as bigint) as completed,
        -watched_days as left_days,
        cast(0 as bigint) as followed
    from with_events
    where first_{{ event.name }}_on is not null
    {%- endfor %}
),

by_sku as (
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        cause,
        bound,
        age_month,
        sum(events) as events,
        sum(expected_events) as expected_events,
        sum(censored) as censored,
        sum(completed) as completed,
        sum(left_days) as left_days,
        sum(followed) as followed
    from cells
    group by sku, family_code, supplier_id, delivery_month, cause, bound, age_month
),

{%- set scopes = [
    ('sku', 'sku', 'cast(null as date)'),
    ('supplier', 'supplier_id', 'cast(null as date)'),
    ('family', 'family_code', 'cast(null as date)'),
    ('family', 'family_code', 'delivery_month'),
    ('all', "'all'", 'cast(null as date)'),
    ('all', "'all'", 'delivery_month'),
] %}

scoped as (
    {%- for scope_type, scope_id, cohort in scopes %}
    select
        '{{ scope_type }}' as scope_type,
        {{ scope_id }} as scope_id,
        {{ cohort }} as cohort,
        cause,
        bound,
        age_month,
        cast(sum(events) as bigint) as events,
        cast(sum(expected_events) as decimal(24,6)) as expected_events,
        cast(sum(censored) as bigint) as censored,
        cast(sum(completed) as bigint) as completed,
        cast(sum(left_days) as bigint) as left_days,
        cast(sum(followed) as bigint) as followed
    from by_sku
    where {{ scope_id }} is not null
    group by {{ scope_id ~ ', ' if scope_type != 'all' }}{{ 'delivery_month, ' if cohort == 'delivery_month' }}cause, bound, age_month
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- Every cause for families and for all; defect and any for the many: skus, suppliers, and single delivery months. A sku that
-- was ever sent back has its time to return too.
causes as (
    {%- for event in lifetime_events() %}
    select
        '{{ event.cause }}' as cause,
        '{{ event.bound }}' as bound,
        {{ 'true' if event.cause in ('any', 'defect') else 'false' }} as is_for_all_scopes
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

series as (
    select distinct
        scoped.scope_type,
        scoped.scope_id,
        scoped.cohort,
        causes.cause,
        causes.bound
    from scoped
    cross join causes
    where causes.is_for_all_scopes or (scoped.scope_type in ('family', 'all') and scoped.cohort is null)
    union all
    select distinct scope_type, scope_id, cohort, cause, bound
    from scoped
    where scope_type = 'sku' and cause = 'return'
),

months as (
    select {{ one_to(24) }} as age_month
),

dense as (
    select
        series.scope_type,
        series.scope_id,
        series.cohort,
        series.cause,
        series.bound,
        months.age_month,
        cast(0 as bigint) as events,
        cast(0 as decimal(24,6)) as expected_events,
        cast(0 as bigint) as censored,
        cast(0 as bigint) as completed,
        cast(0 as bigint) as left_days,
        cast(0 as bigint) as followed
    from series
    cross join months
    union all
    select
        series.scope_type,
        series.scope_id,
        series.cohort,
        series.cause,
        series.bound,
        scoped.age_month,
        scoped.events,
        scoped.expected_events,
        scoped.censored,
        scoped.completed,
        scoped.left_days,
        scoped.followed
    from scoped
    inner join series
        on
            scoped.scope_type = series.scope_type
            and scoped.scope_id = series.scope_id
            and coalesce(scoped.cohort, cast('1900-01-01' as date)) = coalesce(series.cohort, cast('1900-01-01' as date))
            and (scoped.cause = '*' or (scoped.cause = series.cause and scoped.bound = series.bound))
)

select
    scope_type,
    scope_id,
    cohort,
    cause,
    bound,
    age_month,
    cast(sum(events) as bigint) as events,
    cast(sum(expected_events) as decimal(24,6)) as expected_events,
    cast(sum(censored) as bigint) as censored,
    cast(sum(completed) as bigint) as completed,
    cast(sum(left_days) as bigint) as left_days,
    cast(sum(followed) as bigint) as followed
from dense
group by scope_type, scope_id, cohort, cause, bound, age_month
