with observed as (
    select
        sku,
        family_code,
        supplier_id,
        {{ month_of('entered_on') }} as delivery_month,
        {{ month_of('ended_on') }} as end_month,
        lifetime_number > 1 as is_replacement,
        is_completed,
        {{ age_month('watched_days') }} as end_age_month,
        ended_on >= {{ as_of_date() }} and not is_completed as is_watched,
        cast(least(24, floor({{ day_diff('entered_on', as_of_date()) }} / {{ days_per_month() }})) as bigint) as followed_months,
        units,
        units * watched_days as watched_days
    from {{ ref('int_lifetimes__observed') }}
)

select
    sku,
    family_code,
    supplier_id,
    delivery_month,
    end_month,
    is_replacement,
    is_completed,
    is_watched,
    end_age_month,
    followed_months,
    cast(sum(units) as bigint) as units,
    cast(sum(watched_days) as bigint) as watched_days
from observed
group by
    sku,
    family_code,
    supplier_id,
    delivery_month,
    end_month,
    is_replacement,
    is_completed,
    is_watched,
    end_age_month,
    followed_months
