-- The same table three times: as causes are known, as they would be if the unknown ones were the cause, and if misuse verdicts
-- were wrong. The counts are integers. Logarithms are summed as decimals, so no order of rows changes a bit.
{%- set z = 1.959963984540054 %}

with counted as (
    select * from {{ ref('int_lifetimes__by_age') }}
),

at_risk as (
    select
        counted.*,
        cast(sum(events + censored + completed) over (
            partition by scope_type, scope_id, cohort, cause, bound
            order by age_month
            rows between current row and unbounded following
        ) as bigint) as at_risk,
        cast(sum(events + censored + completed) over (
            partition by scope_type, scope_id, cohort, cause, bound
        ) as bigint) as units,
        cast(sum(events) over (
            partition by scope_type, scope_id, cohort, cause, bound order by age_month rows unbounded preceding
        ) as bigint) as cumulative_events,
        cast(sum(followed) over (
            partition by scope_type, scope_id, cohort, cause, bound
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
        2 * at_risk - censored - 2 * events > 0 as has_survivors,
        2 * at_risk - censored - 2 * expected_events > 0 as has_expected_survivors
    from at_risk
    where at_risk > 0
),

summed as (
    select
        hazards.*,
        sum(
            case when has_survivors then {{ exact(safe_ln('cast(doubled_exposure - 2 * events as double) / cast(doubled_exposure as double)')) }} end
        ) over (
            partition by scope_type, scope_id, cohort, cause, bound order by age_month rows unbounded preceding
        ) as log_survival,
        sum(
            case
                when has_survivors
                    then {{ exact('cast(4 * events as double) / (cast(doubled_exposure as double) * cast(doubled_exposure - 2 * events as double))') }}
            end
        ) over (
            partition by scope_type, scope_id, cohort, cause, bound order by age_month rows unbounded preceding
        ) as log_variance,
        sum(
            case
                when has_expected_survivors
                    then {{ exact(safe_ln('1 - cast(2 * expected_events as double) / cast(doubled_exposure as double)')) }}
            end
        ) over (
            partition by scope_type, scope_id, cohort, cause, bound order by age_month rows unbounded preceding
        ) as log_expected_survival,
        min(doubled_exposure) over (
            partition by scope_type, scope_id, cohort, cause, bound order by age_month rows unbounded preceding
        ) as least_doubled_exposure
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
),

limits as (
    select
        survived.*,
        1 - power(survival, spread) as low,
        1 - power(survival, 1 / spread) as high,
        -- No event yet: what the fewest units watched in any month exclude with 97.5 % (exact, Clopper and Pearson 1934).
        case
            when cumulative_events = 0
                then 1 - exp(2 * {{ safe_ln('0.025') }} / cast(least_doubled_exposure as double))
            else cast(1 as double)
        end as high_at_an_end
    from survived
),

known as (
    select * from limits where bound = 'known'
),

possible as (
    select * from limits where bound = 'possible'
),

suspected as (
    select * from limits where bound = 'suspected'
),

bounded as (
    select
        known.*,
        possible.cumulative_events - known.cumulative_events as cumulative_unknown_events,
        1 - coalesce(exp(cast(possible.log_expected_survival as double)), known.survival) as expected,
        case
            when suspected.cause is not null
                then (1 - {{ var('misuse_verdict_error_share') }}) * coalesce(possible.high, possible.high_at_an_end)
                    + {{ var('misuse_verdict_error_share') }} * coalesce(suspected.high, suspected.high_at_an_end)
            when possible.cause is not null then coalesce(possible.high, possible.high_at_an_end)
            else coalesce(known.high, known.high_at_an_end)
        end as at_most
    from known
    {%- for bound in ['possible', 'suspected'] %}
    left join {{ bound }}
        on
            known.scope_type = {{ bound }}.scope_type
            and known.scope_id = {{ bound }}.scope_id
            and known.cause = {{ bound }}.cause
            and known.age_month = {{ bound }}.age_month
            and coalesce(known.cohort, cast('1900-01-01' as date)) = coalesce({{ bound }}.cohort, cast('1900-01-01' as date))
    {%- endfor %}
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
    cast(coalesce(cumulative_unknown_events, 0) as bigint) as cumulative_unknown_events,
    hazard,
    1 - survival as cumulative,
    low as cumulative_low,
    high as cumulative_high,
    greatest(expected, 1 - survival) as cumulative_expected,
    coalesce(low, case when survival > 0 then cast(0 as double) end, 1 - survival) as cumulative_at_least,
    greatest(at_most, coalesce(high, 1 - survival)) as cumulative_at_most,
    {{ as_of_date() }} as as_of,
    cast(followed_units as double) / cast(units as double) as maturity,
    at_risk >= {{ var('minimum_units_at_risk') }} as is_enough
from bounded
