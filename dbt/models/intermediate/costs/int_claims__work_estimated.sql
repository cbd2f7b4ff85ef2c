{#- A log of euros and a spread of logs that no work has: strange rows must not carry a square out of its type. -#}
{%- set dearest_log, widest_spread = 14, 2 -%}
with priced as (

    select * from {{ ref('int_claims__priced') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

cells as (

    select * from {{ ref('int_repair_cells__estimated') }}

),

quotes as (

    select
        cast(slope as double) as slope,
        cast(shift as double) as shift,
        cast(residual_variance as double) as residual_variance,
        cast(work_variance_share as double) as work_variance_share
    from {{ ref('int_quotes__calibrated') }}

),

placed as (

    select
        priced.ticket_id,
        priced.own_work_eur,
        priced.own_quote_eur,
        priced.price_eur,
        tickets.resolution,
        ln(cast(greatest(priced.own_quote_eur, cast(1 as decimal(18,2))) as double)) as log_quote,
        ln(cast(greatest(priced.own_work_eur, cast(1 as decimal(18,2))) as double)) as log_work,
        cells.cell,
        cells.observations as cell_observations,
        cells.repaired_claims as cell_repaired_claims,
        cells.replaced_claims as cell_replaced_claims,
        cells.has_overlap,
        {%- set log_mean %}
        cells.log_level + cells.slope * ln(cast(case when priced.price_eur > 0 then priced.price_eur end as double))
        {%- endset %}
        {{ at_most(log_mean, dearest_log) }} as cell_log_mean,
        {%- set spread %}
        sqrt(quotes.work_variance_share * cells.log_variance + cells.log_level_variance)
        {%- endset %}
        {{ at_most(spread, widest_spread) }} as cell_log_spread,
        cells.log_level_variance,
        quotes.slope as quote_slope,
        quotes.shift as quote_shift,
        quotes.residual_variance,
        case
            when priced.own_work_eur is not null then 'own_work'
            when priced.own_quote_eur is not null then 'own_quote'
            when cells.log_level is not null and priced.price_eur > 0 then 'cell'
        end as work_basis
    from priced
    inner join tickets on priced.ticket_id = tickets.ticket_id
    inner join diagnosed on priced.ticket_id = diagnosed.ticket_id
    left join cells
        on
            coalesce(diagnosed.latest_fault_code, 'none') = cells.fault_code
            and coalesce(tickets.family_code, 'unknown') = cells.family_code
            and coalesce(diagnosed.service_center_id, 'none') = cells.service_center_id
    left join quotes on true

),

-- A quote strays from the work, and the cheapest-looking ones stray downwards: of how far it lies from its cell, as much
-- counts as repairs with both show.
quoted as (

    select
        *,
        case
            when own_quote_eur is null then null
            when cell_log_mean is null then log_quote
            else {{ at_most('cell_log_mean + quote_shift + quote_slope * (log_quote - cell_log_mean)', dearest_log) }}
        end as quoted_log_mean,
        case
            when own_quote_eur is null then null
            when cell_log_mean is null then {{ at_most('sqrt(residual_variance / quote_slope)', widest_spread) }}
            else {{ at_most('sqrt(residual_variance + power(1 - quote_slope, 2) * log_level_variance)', widest_spread) }}
        end as quoted_log_spread
    from placed

),

strays as (

    select
        resolution,
        cell_log_spread,
        case when work_basis = 'own_work' then log_work else quoted_log_mean end - cell_log_mean as stray,
        case when work_basis = 'own_work' then cast(0 as double) else power(quoted_log_spread, 2) end as unsure
    from quoted
    where
        work_basis in ('own_work', 'own_quote')
        and cell_log_mean is not null
        and resolution in ('repaired', 'replaced')

),

-- What the remedy tells of work that nobody stated: repaired machines are the cheap ones of their cell, replaced ones the
-- dear ones, as far as known claims show it. Ten claims' worth of "like their cell" stand in until enough is known.
told as (

    select
        resolution,
        cast(sum({{ exact('stray') }}) as double) / (count(*) + 10) as shift
    from strays
    group by resolution

),

told_spread as (

    select
        told.resolution,
        max(told.shift) as shift,
        sqrt(
            (
                cast(sum({{ exact(
                    '(power(strays.stray - told.shift, 2) + strays.unsure) / power(strays.cell_log_spread, 2)'
                ) }}) as double) + 10
            ) / (count(*) + 10)
        ) as scale
    from strays
    inner join told on strays.resolution = told.resolution
    group by told.resolution

),

spread as (

    select
        quoted.*,
        -- What could be known when it was decided: the quote with machines like it, else machines like it that ended so.
        coalesce(
            quoted.quoted_log_mean, {{ at_most('quoted.cell_log_mean + coalesce(told_spread.shift, 0)', dearest_log) }}
        ) as decision_log_mean,
        coalesce(
            quoted.quoted_log_spread,
            {{ at_most('quoted.cell_log_spread * coalesce(told_spread.scale, 1)', widest_spread) }}
        ) as decision_log_spread
    from quoted
    left join told_spread on quoted.resolution = told_spread.resolution

)

select
    ticket_id,
    work_basis,
    case
        when work_basis = 'own_work' then own_work_eur
        when work_basis = 'own_quote' then own_quote_eur
        when work_basis = 'cell'
            then cast(round(exp(decision_log_mean + decision_log_spread * decision_log_spread / 2), 2) as decimal(18,2))
    end as estimated_work_eur,
    case
        when work_basis = 'own_work' then own_work_eur
        else cast(round(exp(decision_log_mean - 1.959963984540054 * decision_log_spread), 2) as decimal(18,2))
    end as estimated_work_low_eur,
    case
        when work_basis = 'own_work' then own_work_eur
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
