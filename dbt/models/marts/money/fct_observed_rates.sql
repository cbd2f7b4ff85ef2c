with priced as (

    select * from {{ ref('int_claims__priced') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

paid as (

    select * from {{ ref('int_claims__paid') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

costed as (

    select * from {{ ref('int_repairs__costed') }}

),

rates as (

    select *
    from {{ ref('int_products__rated') }}
    where sku is null and {{ as_of_date() }} between period_from and period_to

),

-- A later claim is any claim on a unit that had one before; it costs what it cost.
numbered as (

    select
        tickets.ticket_id,
        tickets.family_code,
        row_number() over (
            partition by tickets.order_id, tickets.line_number, tickets.unit_number
            order by tickets.requested_at, tickets.ticket_id
        ) as claim_number
    from tickets
    where tickets.is_claim and tickets.is_linked and tickets.unit_number is not null

),

later_claims as (

    select
        numbered.family_code,
        cast(count(*) as bigint) as n,
        cast(sum(paid.net_cost_eur) as decimal(28,2)) as total,
        cast(sum(cast(paid.net_cost_eur as decimal(28,2)) * paid.net_cost_eur) as decimal(38,4)) as squares
    from numbered
    inner join paid on numbered.ticket_id = paid.ticket_id
    where numbered.claim_number > 1 and paid.is_cost_complete
    group by numbered.family_code

),

-- Repairs followed by another of the same machine, among those that have had the year to show it.
followed as (

    select
        family_code,
        lead(received_on) over (
            partition by order_id, line_number, unit_number order by received_at, repair_id
        ) as next_on,
        coalesce(returned_on, received_on) as done_on
    from repairs
    where outcome = 'repaired' and unit_number is not null

),

repeats as (

    select
        family_code,
        cast(count(*) as bigint) as n,
        cast(sum(case when next_on <= {{ add_days('done_on', 365) }} then 1 else 0 end) as bigint) as events
    from followed
    where {{ add_days('done_on', 365) }} <= {{ as_of_date() }}
    group by family_code

),

resales as (

    select
        costed.family_code,
        case when priced.is_never_used then 'resale_factor_unused' else 'resale_factor_used' end as rate_code,
        cast(count(*) as bigint) as n,
        cast(sum(costed.stated_proceeds_eur) as decimal(28,2)) as proceeds,
        cast(sum(costed.price_eur) as decimal(28,2)) as prices
    from costed
    inner join priced on costed.ticket_id = priced.ticket_id
    where costed.outcome = 'resold_refurbished' and costed.stated_proceeds_eur is not null and costed.price_eur > 0
    group by 1, 2

),

observed as (

    select
        family_code,
        'later_claim_cost_eur' as rate_code,
        n,
        cast(total as double) / n as observed_rate,
        sqrt(greatest(cast(squares as double) - cast(total as double) * cast(total as double) / n, 0) / nullif(n - 1, 0) / n)
            as standard_error
    from later_claims

    union all

    select
        family_code,
        'repeat_repair_probability' as rate_code,
        n,
        cast(events as double) / n as observed_rate,
        sqrt(cast(events as double) / n * (1 - cast(events as double) / n) / n) as standard_error
    from repeats

    union all

    select
        family_code,
        rate_code,
        n,
        cast(proceeds as double) / cast(prices as double) as observed_rate,
        cast(null as double) as standard_error
    from resales

)

select
    observed.family_code,
    observed.rate_code,
    observed.n,
    observed.observed_rate,
    observed.standard_error,
    observed.n >= {{ var('minimum_units_at_risk') }} as is_enough,
    cast(case observed.rate_code
        when 'later_claim_cost_eur' then rates.later_claim_cost_eur
        when 'repeat_repair_probability' then rates.repeat_repair_probability
        when 'resale_factor_unused' then rates.resale_factor_unused
        else rates.resale_factor_used
    end as decimal(8,4)) as rate_in_force
from observed
left join rates on observed.family_code = rates.family_code
