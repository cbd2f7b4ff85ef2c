with priced as (

    select * from {{ ref('int_claims__priced') }}

),

claims as (

    select * from {{ ref('int_claims__diagnosed') }}

),

cells as (

    select * from {{ ref('int_repair_cells__estimated') }}

),

repairs as (

    select * from {{ ref('int_repairs__costed') }}

),

-- How far work strays from its quote, from repairs that have both; decimals, so that row order does not matter.
quote_errors as (

    select
        cast(count(*) as bigint) as n,
        cast(sum(cast(
            (ln(cast(work_eur as double)) - ln(cast(usable_quote_eur as double)))
            * (ln(cast(work_eur as double)) - ln(cast(usable_quote_eur as double))) as decimal(18,12)
        )) as double) as squares
    from repairs
    where cost_doubts is null and work_eur >= 1 and usable_quote_eur >= 1

),

placed as (

    select
        priced.ticket_id,
        priced.work_eur,
        priced.own_quote_eur,
        priced.price_eur,
        cells.cell,
        cells.observations as cell_observations,
        cells.repaired_claims as cell_repaired_claims,
        cells.replaced_claims as cell_replaced_claims,
        cells.has_overlap,
        cells.log_level + cells.slope * ln(cast(case when priced.price_eur > 0 then priced.price_eur end as double))
            as cell_log_mean,
        cells.log_spread as cell_log_spread,
        -- The seed's spread counts as ten repairs, until the data outweigh it.
        sqrt(
            (coalesce(quote_errors.squares, 0) + 10 * cast(priced.quote_log_spread as double) * cast(priced.quote_log_spread as double))
            / (quote_errors.n + 10)
        ) as quote_log_spread,
        case
            when priced.work_eur is not null then 'own_work'
            when priced.own_quote_eur is not null then 'own_quote'
            when cells.log_level is not null and priced.price_eur > 0 then 'cell'
        end as work_basis
    from priced
    inner join claims on priced.ticket_id = claims.ticket_id
    left join cells
        on
            coalesce(claims.latest_fault_code, 'none') = cells.fault_code
            and coalesce(claims.family_code, 'unknown') = cells.family_code
            and coalesce(claims.service_center_id, 'none') = cells.service_center_id
    cross join quote_errors

),

spread as (

    select
        *,
        -- What could be known when it was decided: the quote, else machines like it.
        case
            when own_quote_eur is not null then ln(cast(greatest(own_quote_eur, cast(1 as decimal(18,2))) as double))
            else cell_log_mean
        end as decision_log_mean,
        case when own_quote_eur is not null then quote_log_spread else cell_log_spread end as decision_log_spread
    from placed

)

select
    ticket_id,
    work_basis,
    case
        when work_basis = 'own_work' then work_eur
        when work_basis = 'own_quote' then own_quote_eur
        when work_basis = 'cell'
            then cast(round(exp(cell_log_mean + cell_log_spread * cell_log_spread / 2), 2) as decimal(18,2))
    end as estimated_work_eur,
    case
        when work_basis = 'own_work' then work_eur
        else cast(round(exp(decision_log_mean - 1.959963984540054 * decision_log_spread), 2) as decimal(18,2))
    end as estimated_work_low_eur,
    case
        when work_basis = 'own_work' then work_eur
        else cast(round(exp(decision_log_mean + 1.959963984540054 * decision_log_spread), 2) as decimal(18,2))
    end as estimated_work_high_eur,
    decision_log_mean,
    decision_log_spread,
    cell_log_mean,
    cell_log_spread,
    cell,
    cell_observations,
    cell_repaired_claims,
    cell_replaced_claims,
    has_overlap
from spread
