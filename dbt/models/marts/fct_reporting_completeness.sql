with reporting as (
    select * from {{ source('reliability', 'reporting') }}
)

select
    measure,
    appeared_on,
    covered_until_on,
    known,
    reported_share,
    reported_share_low,
    reported_share_high,
    still_to_come,
    is_covered,
    is_enough
from reporting
