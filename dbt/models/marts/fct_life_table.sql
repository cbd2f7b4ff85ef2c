-- The counts are integers. Logarithms are summed as decimals, so no order of rows changes a bit.
{%- set z = 1.959963984540054 %}

with counted as (
    select * from {{ ref('int_lifetimes__by_age') }}
),

at_risk as (
    select
        counted.*,
        cast(sum(events + censored + completed) over (
            partition by scope_type, scope_id, cohort, cause
            order by age_month
            rows between current row and unbounded following
        ) as bigint) as at_risk,
        cast(sum(events + censored + completed) over (
            partition by scope_type, scope_id, cohort, cause
        ) as bigint) as units,
        cast(sum(events) over (
            partition by scope_type, scope_id, cohort, cause order by age_month rows unbounded preceding
        ) as bigint) as cumulative_events,
        cast(sum(followed) over (
            partition by scope_type, scope_id, cohort, cause
            order by age_month
            rows between current row and unbounded following
        ) as bigint) as followed_units
    from counted
),

-- Twice the units at risk on average in the month: at_risk − censored / 2, kept an integer.
hazards as (
    select
        at_risk.*,
        2 * at_risk - censored as doubled_exposure,
        cast(2 * events as double) / cast(2 * at_risk - censored as double) as hazard,
        2 * at_risk - censored - 2 * events > 0 as has_survivors
    from at_risk
    where at_risk > 0
),

summed as (
    select
        hazards.*,
        sum(
            case when has_survivors then {{ exact(safe_ln('cast(doubled_exposure - 2 * events as double) / cast(doubled_exposure as double)')) }} end
        ) over (
            partition by scope_type, scope_id, cohort, cause order by age_month rows unbounded preceding
        ) as log_survival,
        sum(
            case
                when has_survivors
                    then {{ exact('cast(4 * events as double) / (cast(doubled_exposure as double) * cast(doubled_exposure - 2 * events as double))') }}
            end
        ) over (
            partition by scope_type, scope_id, cohort, cause order by age_month rows unbounded preceding
        ) as log_variance
    from hazards
),

survived as (
    select
        summed.*,
        case when has_survivors then exp(cast(log_survival as double)) else cast(0 as double) end as survival,
        -- The complementary log-log scale: limits stay between 0 and 1.
        case
            when has_survivors and cumulative_events > 0
                then exp({{ z }} * sqrt(cast(log_variance as double)) / cast(log_survival as double))
        end as spread
    from summed
)

select
    scope_type,
    scope_id,
    cohort,
    cause,
    age_month,
    units,
    at_risk,
    censored,
    events,
    completed,
    cumulative_events,
    hazard,
    1 - survival as cumulative,
    1 - power(survival, spread) as cumulative_low,
    1 - power(survival, 1 / spread) as cumulative_high,
    {{ as_of_date() }} as as_of,
    cast(followed_units as double) / cast(units as double) as maturity,
    at_risk >= {{ var('minimum_units_at_risk') }} as is_enough
from survived
