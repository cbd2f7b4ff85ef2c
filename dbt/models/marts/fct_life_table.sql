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
),

-- How much of a month of age is reported by now: the days on which the machines of a delivery month were of that age.
reporting as (
    select measure, appeared_on, reported_share
    from {{ ref('fct_reporting_completeness') }}
    where measure in ('claims', 'failures')
),

listed as (
    select min(appeared_on) as first_on from reporting
),

deliveries as (
    select
        sku,
        family_code,
        supplier_id,
        delivery_month,
        cast(sum(units) as bigint) as units
    from {{ ref('int_lifetimes__by_month') }}
    group by sku, family_code, supplier_id, delivery_month
),

ages as (
    select delivery_month, {{ one_to(24) }} as age_month
    from (select distinct delivery_month from deliveries) as months
),

windows as (
    select
        delivery_month,
        age_month,
        {{ add_days('delivery_month', 'floor(' ~ days_per_month() ~ ' * (age_month - 1))') }} as from_on,
        least({{ add_days('delivery_month', 'floor(' ~ days_per_month() ~ ' * age_month) + 30') }}, {{ as_of_date() }}) as until_on
    from ages
),

-- Days before those listed are known; the shares are summed as decimals.
reported_ages as (
    select
        windows.delivery_month,
        windows.age_month,
        reporting.measure,
        (
            cast(sum({{ exact('reporting.reported_share') }}) as double)
            + cast(greatest({{ day_diff('windows.from_on', 'max(listed.first_on)') }}, 0) as double)
        ) / cast({{ day_diff('windows.from_on', 'windows.until_on') }} + 1 as double) as share
    from windows
    cross join listed
    inner join reporting
        on reporting.appeared_on between windows.from_on and windows.until_on
    where windows.from_on <= {{ as_of_date() }}
    group by windows.delivery_month, windows.age_month, windows.from_on, windows.until_on, reporting.measure
),

scopes as (
    select 'sku' as scope_type, sku as scope_id, cast(null as date) as cohort, delivery_month, units from deliveries
    union all
    select 'supplier', supplier_id, cast(null as date), delivery_month, units from deliveries where supplier_id is not null
    union all
    select 'family', family_code, cast(null as date), delivery_month, units from deliveries
    union all
    select 'family', family_code, delivery_month, delivery_month, units from deliveries
    union all
    select 'all', 'all', cast(null as date), delivery_month, units from deliveries
    union all
    select 'all', 'all', delivery_month, delivery_month, units from deliveries
),

reported as (
    select
        scopes.scope_type,
        scopes.scope_id,
        scopes.cohort,
        windows.age_month,
        measures.measure,
        least(
            cast(sum({{ exact('cast(scopes.units as double) * coalesce(reported_ages.share, cast(1 as double))') }}) as double)
            / cast(sum(scopes.units) as double),
            cast(1 as double)
        ) as reported_share
    from (
        select scope_type, scope_id, cohort, delivery_month, cast(sum(units) as bigint) as units
        from scopes
        group by scope_type, scope_id, cohort, delivery_month
    ) as scopes
    inner join windows on scopes.delivery_month = windows.delivery_month
    cross join (select distinct measure from reporting) as measures
    left join reported_ages
        on
            windows.delivery_month = reported_ages.delivery_month
            and windows.age_month = reported_ages.age_month
            and measures.measure = reported_ages.measure
    where windows.from_on <= {{ as_of_date() }}
    group by scopes.scope_type, scopes.scope_id, scopes.cohort, windows.age_month, measures.measure
)

select
    bounded.scope_type,
    bounded.scope_id,
    bounded.cohort,
    bounded.cause,
    bounded.age_month,
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
    coalesce(reported.reported_share, 1) as reported_share,
    coalesce(reported.reported_share, 1) < {{ var('minimum_cohort_reported_share') }} as is_too_young,
    at_risk >= {{ var('minimum_units_at_risk') }}
    and coalesce(reported.reported_share, 1) >= {{ var('minimum_cohort_reported_share') }} as is_enough
from bounded
left join reported
    on
        bounded.scope_type = reported.scope_type
        and bounded.scope_id = reported.scope_id
        and coalesce(bounded.cohort, cast('1900-01-01' as date)) = coalesce(reported.cohort, cast('1900-01-01' as date))
        and bounded.age_month = reported.age_month
        and case when bounded.cause = 'any' then 'claims' else 'failures' end = reported.measure
