with signal_history as (
    select * from {{ source('reliability', 'signal_history') }}
)

select
    signal_id,
    month,
    observed,
    expected,
    ratio,
    ratio_low,
    ratio_high,
    statistic,
    signal_limit,
    status,
    units_under_warranty
from signal_history
