-- How long after a defect appeared each thing about it was known: the claim, what was found, that it was a defect, a refusal.
with known as (
    select 'claims' as measure, appeared_on, claimed_on as known_on from {{ ref('int_claims__watched') }}
    union all
    select 'failures' as measure, appeared_on, cause_known_on as known_on
    from {{ ref('int_claims__watched') }}
    where is_failure
    union all
    select 'faults' as measure, appeared_on, cause_known_on as known_on
    from {{ ref('int_claims__watched') }}
    where fault_code is not null
    union all
    select 'misuse_refusals' as measure, appeared_on, closed_on as known_on
    from {{ ref('int_claims__watched') }}
    where is_misuse_refusal
)

select
    measure,
    appeared_on,
    {{ day_diff('appeared_on', 'known_on') }} as delay_days,
    cast(count(*) as bigint) as claims
from known
group by measure, appeared_on, {{ day_diff('appeared_on', 'known_on') }}
