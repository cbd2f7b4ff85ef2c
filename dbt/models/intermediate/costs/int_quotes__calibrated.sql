{#- What a quote tells of the work: decisions look at quotes, so work at a given quote is the same whoever was repaired. -#}

with repairs as (

    select *
    from {{ ref('int_repairs__costed') }}
    where cost_doubts is null and price_eur > 0 and (work_eur is not null or usable_quote_eur is not null)

),

cells as (

    select * from {{ ref('int_repair_cells__estimated') }}

),

-- The seeds' spreads, which count as ten repairs until the data outweigh them.
rates as (

    select
        cast(work_log_spread * work_log_spread as double) as work_variance,
        cast(quote_log_spread * quote_log_spread as double) as quote_variance
    from {{ ref('int_products__rated') }}
    where rate_subject = 'family unknown' and {{ as_of_date() }} between period_from and period_to

),

prior as (

    select
        work_variance / (work_variance + quote_variance) as slope,
        work_variance * quote_variance / (work_variance + quote_variance) as residual_variance,
        work_variance + quote_variance as quote_spread
    from rates

),

quoted as (

    select
        cast(count(usable_quote_eur) as double) / nullif(count(*), 0) as quoted_share
    from repairs

),

-- Quote and work of repairs that have both, from what machines of their cell are quoted.
pairs as (

    select
        {{ exact('ln(cast(repairs.usable_quote_eur as double)) - cells.log_level - cells.slope * ln(cast(repairs.price_eur as double))') }}
            as quote_stray,
        {{ exact('ln(cast(repairs.work_eur as double)) - cells.log_level - cells.slope * ln(cast(repairs.price_eur as double))') }}
            as work_stray
    from repairs
    inner join cells
        on
            coalesce(repairs.fault_code, 'none') = cells.fault_code
            and coalesce(repairs.family_code, 'unknown') = cells.family_code
            and coalesce(repairs.service_center_id, 'none') = cells.service_center_id
    where repairs.work_eur >= 1 and repairs.usable_quote_eur >= 1

),

means as (

    select
        cast(count(*) as bigint) as n,
        coalesce(cast(sum(quote_stray) as double) / nullif(count(*), 0), 0) as quote_mean,
        coalesce(cast(sum(work_stray) as double) / nullif(count(*), 0), 0) as work_mean
    from pairs

),

products as (

    select
        cast(coalesce(sum({{ exact('(cast(quote_stray as double) - quote_mean) * (cast(quote_stray as double) - quote_mean)') }}), 0) as double)
            as quote_squares,
        cast(coalesce(sum({{ exact('(cast(quote_stray as double) - quote_mean) * (cast(work_stray as double) - work_mean)') }}), 0) as double)
            as cross_products,
        cast(coalesce(sum({{ exact('(cast(work_stray as double) - work_mean) * (cast(work_stray as double) - work_mean)') }}), 0) as double)
            as work_squares
    from pairs
    cross join means

),

sloped as (

    select
        means.*,
        products.*,
        prior.residual_variance as prior_residual_variance,
        least(greatest(
            (products.cross_products + 10 * prior.quote_spread * prior.slope) / (products.quote_squares + 10 * prior.quote_spread), 0.02
        ), 1) as slope
    from means
    cross join products
    cross join prior

)

select
    sloped.n as pairs,
    cast(round(sloped.slope, 4) as decimal(9,4)) as slope,
    cast(round((sloped.work_mean - sloped.slope * sloped.quote_mean) * sloped.n / (sloped.n + 10), 4) as decimal(9,4)) as shift,
    cast(round(
        (
            greatest(
                sloped.work_squares - 2 * sloped.slope * sloped.cross_products + sloped.slope * sloped.slope * sloped.quote_squares, 0
            ) + 10 * sloped.prior_residual_variance
        ) / (sloped.n + 10), 6
    ) as decimal(12,6)) as residual_variance,
    -- A cell's spread is that of its observations; of quotes it is that of the work and of the quotes around it.
    cast(round(
        sloped.slope / (coalesce(quoted.quoted_share, 0) + (1 - coalesce(quoted.quoted_share, 0)) * sloped.slope), 4
    ) as decimal(9,4)) as work_variance_share
from sloped
cross join quoted
