{#- Indirect standardisation: what a centre's mix of families would bring at the rates of all centres together. -#}
with counts as (

    select
        service_center_id,
        family_code,
        sum(diagnosed) as diagnosed,
        sum(misuse_verdicts) as misuse_verdicts,
        sum(diagnosed_rejections) as misuse_rejections,
        sum(with_evidence) as with_evidence,
        sum(overturned) as overturned
    from {{ ref('fct_misuse_rejections') }}
    where service_center_id <> 'none'
    group by service_center_id, family_code

),

families as (

    select
        family_code,
        sum(misuse_verdicts) as misuse_verdicts,
        sum(diagnosed) as diagnosed
    from counts
    group by family_code

),

-- Rational numbers rounded once, so that the order of rows never changes a bit.
shares as (

    select
        family_code,
        cast(cast(misuse_verdicts as double) / nullif(cast(diagnosed as double), 0) as decimal(18,15)) as share
    from families

),

centers as (

    select
        counts.service_center_id,
        cast(sum(counts.diagnosed) as bigint) as diagnosed,
        cast(sum(counts.misuse_verdicts) as bigint) as misuse_verdicts,
        cast(sum(counts.misuse_rejections) as bigint) as misuse_rejections,
        cast(sum(counts.with_evidence) as bigint) as with_evidence,
        cast(sum(counts.overturned) as bigint) as overturned,
        cast(sum({{ exact('cast(counts.diagnosed as double) * cast(shares.share as double)') }}) as double)
            as expected_misuse,
        cast(sum({{ exact('cast(counts.diagnosed as double) * cast(shares.share as double) * (1 - cast(shares.share as double))') }})
            as double) as variance
    from counts
    inner join shares on counts.family_code = shares.family_code
    group by counts.service_center_id

),

-- Spread between centres beyond chance (method of moments), for shrinking each ratio towards 1.
spread as (

    select
        greatest(
            cast(0 as double),
            cast(sum({{ exact('(misuse_verdicts - expected_misuse) * (misuse_verdicts - expected_misuse) - variance') }}) as double)
            / nullif(cast(sum({{ exact('expected_misuse * expected_misuse') }}) as double), 0)
        ) as between_variance
    from centers
    where expected_misuse > 0

)

select
    centers.service_center_id,
    centers.diagnosed,
    centers.misuse_verdicts,
    centers.misuse_rejections,
    centers.with_evidence,
    centers.overturned,
    centers.expected_misuse,
    centers.misuse_verdicts / nullif(centers.expected_misuse, 0) as ratio,
    case
        when centers.expected_misuse > 0
            then 1 + (centers.misuse_verdicts / centers.expected_misuse - 1)
                * spread.between_variance
                / nullif(
                    spread.between_variance
                    + centers.variance / (centers.expected_misuse * centers.expected_misuse), 0
                )
    end as shrunken_ratio,
    greatest(cast(0 as double), 1 - 1.959963984540054 * sqrt(centers.variance) / nullif(centers.expected_misuse, 0))
        as limit_low_95,
    1 + 1.959963984540054 * sqrt(centers.variance) / nullif(centers.expected_misuse, 0) as limit_high_95,
    greatest(cast(0 as double), 1 - 3.090232306167813 * sqrt(centers.variance) / nullif(centers.expected_misuse, 0))
        as limit_low_998,
    1 + 3.090232306167813 * sqrt(centers.variance) / nullif(centers.expected_misuse, 0) as limit_high_998,
    centers.expected_misuse >= 5 as is_enough,
    case
        when centers.expected_misuse < 5 then 'too_few'
        when
            centers.misuse_verdicts
            > centers.expected_misuse + 3.090232306167813 * sqrt(centers.variance)
            then 'high'
        when
            centers.misuse_verdicts
            < centers.expected_misuse - 3.090232306167813 * sqrt(centers.variance)
            then 'low'
        else 'in_line'
    end as status
from centers
cross join spread
