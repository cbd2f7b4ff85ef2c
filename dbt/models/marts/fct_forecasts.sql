with forecasts as (
    select * from {{ source('reliability', 'forecasts') }}
)

select
    scope_type,
    scope_id,
    as_of,
    forecast_month,
    months_ahead,
    units_in_service,
    known_claims,
    curve,
    expected_claims,
    low,
    high,
    cast(expected_cost_eur as decimal(18, 2)) as expected_cost_eur,
    cast(cost_low as decimal(18, 2)) as cost_low,
    cast(cost_high as decimal(18, 2)) as cost_high,
    cumulative_claims,
    cumulative_low,
    cumulative_high,
    cast(cumulative_cost_eur as decimal(18, 2)) as cumulative_cost_eur,
    cast(cumulative_cost_low as decimal(18, 2)) as cumulative_cost_low,
    cast(cumulative_cost_high as decimal(18, 2)) as cumulative_cost_high,
    cast(mean_cost_eur as decimal(18, 2)) as mean_cost_eur,
    actual_claims,
    is_outcome_known,
    case when is_outcome_known then actual_claims between low and high end as is_covered,
    months_ahead = 24 as is_last_month,
    doubt
from forecasts
