with weekly_counts as (
    select * from {{ source('reliability', 'weekly_counts') }}
)

select
    week,
    scope_type,
    scope_id,
    measure,
    fault_code,
    unit_weeks,
    observed,
    expected,
    ratio,
    ratio_low,
    ratio_high,
    reported_share,
    compared,
    verdict
from weekly_counts
