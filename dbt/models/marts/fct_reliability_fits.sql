with fits as (
    select * from {{ source('reliability', 'fits') }}
)

select
    scope_type,
    scope_id,
    cause,
    convention,
    units,
    events,
    dated_events,
    oldest_month,
    exposure_months,
    rate_per_1000,
    shrunken_per_1000,
    shrunken_per_1000_low,
    shrunken_per_1000_high,
    own_share,
    shape,
    shape_low,
    shape_high,
    scale,
    scale_low,
    scale_high,
    misfit_probability,
    b10_months,
    b10_low,
    b10_high,
    cumulative_24,
    cumulative_24_low,
    cumulative_24_high,
    lognormal_24,
    lognormal_advantage,
    is_diverging,
    is_default,
    events >= {{ var('minimum_events') }} as is_enough,
    coalesce(
        doubt,
        case
            when events < {{ var('minimum_events') }}
                then 'Too few to say: fewer than {{ var("minimum_events") }} events. The limits are wide, and the estimate leans to one side.'
            when misfit_probability < {{ var('doubtful_misfit') }}
                then 'The events stray from one curve (early failures and wear together, or seasons): trust the life table, and this as a summary of it.'
            when oldest_month < 24
                then 'Nothing has been watched to the 24th month yet: what lies beyond month ' || cast(oldest_month as {{ dbt.type_string() }}) || ' is an extrapolation.'
        end
    ) as doubt
from fits
