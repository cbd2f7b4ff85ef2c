{#- Within strata of like cases: what a workshop's cases would bring if their misuse verdicts were dealt among all workshops that
    had such cases (the mean of a hypergeometric count). Limits, power and status are exact (pipelines/expectations). -#}
with strata as (

    select
        cases.*,
        cast(sum(diagnosed) over (partition by family_code, is_unused, age_band, channel) as bigint) as all_diagnosed,
        cast(sum(misuse_verdicts) over (partition by family_code, is_unused, age_band, channel) as bigint) as all_misuse
    from {{ ref('int_claims__by_case_mix') }} as cases

),

expected as (

    select
        service_center_id,
        cast(sum({{ exact('cast(diagnosed * all_misuse as double) / cast(all_diagnosed as double)') }}) as double) as expected_misuse
    from strata
    group by service_center_id

),

counts as (

    select
        service_center_id,
        cast(sum(diagnosed) as bigint) as diagnosed,
        cast(sum(misuse_verdicts) as bigint) as misuse_verdicts,
        cast(sum(diagnosed_rejections) as bigint) as misuse_rejections,
        cast(sum(with_evidence) as bigint) as with_evidence,
        cast(sum(overturned) as bigint) as overturned
    from {{ ref('fct_misuse_rejections') }}
    where service_center_id <> 'none'
    group by service_center_id

),

compared as (

    select * from {{ source('reliability', 'misuse_centers') }}

)

select
    counts.service_center_id,
    counts.diagnosed,
    counts.misuse_verdicts,
    counts.misuse_rejections,
    counts.with_evidence,
    counts.overturned,
    expected.expected_misuse,
    counts.misuse_verdicts / nullif(expected.expected_misuse, 0) as ratio,
    compared.shrunken_ratio,
    compared.odds_ratio,
    compared.odds_ratio_low,
    compared.odds_ratio_high,
    compared.limit_low_95,
    compared.limit_high_95,
    compared.limit_low,
    compared.limit_high,
    compared.power_at_twice,
    coalesce(expected.expected_misuse >= {{ var('minimum_expected_misuse') }}, false) as is_enough,
    coalesce(compared.status, 'too_few') as status
from counts
left join expected on counts.service_center_id = expected.service_center_id
left join compared on counts.service_center_id = compared.service_center_id
