with forecasts as (
    select * from {{ ref('fct_forecasts') }}
    where is_outcome_known and expected_claims is not null
)

select
    scope_type,
    scope_id,
    months_ahead,
    cast(count(*) as bigint) as forecasts,
    cast(sum(case when is_covered then 1 else 0 end) as bigint) as covered_forecasts,
    cast(sum(case when actual_claims < low then 1 else 0 end) as bigint) as overestimates,
    cast(sum(case when actual_claims > high then 1 else 0 end) as bigint) as underestimates,
    cast(sum(actual_claims) as bigint) as actual_claims,
    cast(sum({{ exact('expected_claims') }}) as double) as expected_claims,
    cast(sum({{ exact('abs(expected_claims - actual_claims)') }}) as double) as absolute_error
from forecasts
group by scope_type, scope_id, months_ahead
