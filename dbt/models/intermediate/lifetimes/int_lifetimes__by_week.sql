-- The machines of fct_warranty_exposure by age: a machine is in one band of age in each week in which it counts there.
{%- set bands = exposure_age_bands() %}
with lifetimes as (
    select sku, family_code, entered_on, ended_on, cast(sum(units) as bigint) as units
    from {{ ref('int_lifetimes__observed') }}
    group by sku, family_code, entered_on, ended_on
),

moves as (
    {%- for first_day in bands %}
    select
        sku,
        family_code,
        cast({{ first_day }} as bigint) as age_from_days,
        {{ week_of(add_days('entered_on', first_day)) }} as week,
        units
    from lifetimes
    where {{ week_of(add_days('entered_on', first_day)) }} <= {{ week_of('ended_on') }}
    union all
    select
        sku,
        family_code,
        cast({{ first_day }} as bigint) as age_from_days,
        {%- if not loop.last %}
        least(
            {{ week_of(add_days('entered_on', bands[loop.index])) }},
            {{ add_days(week_of('ended_on'), 7) }}
        ) as week,
        {%- else %}
        {{ add_days(week_of('ended_on'), 7) }} as week,
        {%- endif %}
        -units as units
    from lifetimes
    where {{ week_of(add_days('entered_on', first_day)) }} <= {{ week_of('ended_on') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

changes as (
    select sku, family_code, age_from_days, week, cast(sum(units) as bigint) as units
    from moves
    group by sku, family_code, age_from_days, week
),

steps as (
    select
        sku,
        family_code,
        age_from_days,
        week,
        cast(sum(units) over (
            partition by sku, family_code, age_from_days order by week rows unbounded preceding
        ) as bigint) as unit_weeks,
        {{ day_diff('week', 'lead(week) over (partition by sku, family_code, age_from_days order by week)') }}
            as days_until_change
    from changes
)

select
    {{ add_days('week', '7 * (step - 1)') }} as week,
    sku,
    family_code,
    age_from_days,
    unit_weeks
from (
    select steps.*, {{ one_to('floor(days_until_change / 7)') }} as step
    from steps
    where unit_weeks > 0
) as stepped
