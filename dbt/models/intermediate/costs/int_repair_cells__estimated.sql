{#- Cells nest: all repairs > fault code > family > centre. A child leans on its parent as far as its own data are thin. -#}
{%- set levels = [('all', []), ('fault', ['fault_code']), ('family', ['fault_code', 'family_code']),
                  ('center', ['fault_code', 'family_code', 'service_center_id'])] -%}

with repairs as (

    select * from {{ ref('int_repairs__costed') }}

),

claims as (

    select
        tickets.family_code,
        tickets.is_claim,
        tickets.resolution,
        diagnosed.latest_fault_code,
        diagnosed.service_center_id
    from {{ ref('int_tickets__linked') }} as tickets
    inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id

),

rates as (

    select work_log_spread
    from {{ ref('int_products__rated') }}
    where rate_subject = 'family unknown' and {{ as_of_date() }} between period_from and period_to

),

-- What labour and parts cost, on the log scale, beside the price of the machine. Amounts in doubt are no observation.
-- The quote comes first: it stands before the decision, of repaired and replaced machines alike, while work is known of
-- those alone that were quoted low enough to be repaired.
-- As decimals, so that their sums do not depend on the order of the rows; below one euro is one euro.
observations as (

    select
        coalesce(fault_code, 'none') as fault_code,
        coalesce(family_code, 'unknown') as family_code,
        coalesce(service_center_id, 'none') as service_center_id,
        cast(ln(cast(greatest(coalesce(usable_quote_eur, work_eur), 1) as double)) as decimal(12,8)) as y,
        cast(ln(cast(price_eur as double)) as decimal(12,8)) as x
    from repairs
    where cost_doubts is null and price_eur > 0 and (work_eur is not null or usable_quote_eur is not null)

),

cells as (

    select
        coalesce(fault_code, 'none') as fault_code,
        coalesce(family_code, 'unknown') as family_code,
        coalesce(service_center_id, 'none') as service_center_id
    from repairs
    union
    select
        coalesce(latest_fault_code, 'none') as fault_code,
        coalesce(family_code, 'unknown') as family_code,
        coalesce(service_center_id, 'none') as service_center_id
    from claims

),

center_sums as (

    select
        fault_code,
        family_code,
        service_center_id,
        cast(count(*) as bigint) as n,
        sum(y) as sum_y,
        sum(x) as sum_x,
        cast(sum(cast(cast(y as decimal(19,8)) * cast(y as decimal(19,8)) as decimal(24,12))) as decimal(38,12)) as sum_yy,
        cast(sum(cast(cast(x as decimal(19,8)) * cast(y as decimal(19,8)) as decimal(24,12))) as decimal(38,12)) as sum_xy,
        cast(sum(cast(cast(x as decimal(19,8)) * cast(x as decimal(19,8)) as decimal(24,12))) as decimal(38,12)) as sum_xx
    from observations
    group by fault_code, family_code, service_center_id

),

{%- for level, keys in levels if level != 'center' %}

{{ level }}_sums as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        cast(sum(n) as bigint) as n,
        sum(sum_y) as sum_y,
        sum(sum_x) as sum_x
    from center_sums
    {%- if keys %}
    group by {{ keys | join(', ') }}
    {%- endif %}

),
{%- endfor %}

-- How work grows with the price, within equal faults of one family and centre: one slope for all, between none and 1.5.
slope as (

    select
        coalesce(
            least(greatest(
                cast(sum({{ exact('cast(sum_xy as double) - cast(sum_x as double) * cast(sum_y as double) / n') }}) as double)
                / nullif(
                    cast(sum({{ exact('cast(sum_xx as double) - cast(sum_x as double) * cast(sum_x as double) / n') }}) as double), 0
                ), 0), 1.5),
            0
        ) as slope
    from center_sums

),

{%- for level, keys in levels %}

{{ level }}_means as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        n,
        (cast(sum_y as double) - slope * cast(sum_x as double)) / nullif(n, 0) as mean
    from {{ level }}_sums
    cross join slope

),
{%- endfor %}

spread as (

    select
        cast(count(*) as bigint) as cells,
        cast(coalesce(sum(n), 0) as bigint) as n,
        cast(sum({{ exact(
            'greatest(cast(sum_yy as double) - 2 * slope * cast(sum_xy as double) + slope * slope * cast(sum_xx as double)'
            ~ ' - (cast(sum_y as double) - slope * cast(sum_x as double)) * (cast(sum_y as double) - slope * cast(sum_x as double)) / n, 0)'
        ) }}) as double) as squares_within
    from center_sums
    cross join slope

),

-- The variance of one observation around its cell; the seed's spread counts as ten machines, until the data outweigh it.
noise as (

    select
        (coalesce(spread.squares_within, 0) + 10 * cast(rates.work_log_spread * rates.work_log_spread as double))
        / (greatest(spread.n - spread.cells, 0) + 10) as variance
    from spread
    cross join rates

),

-- For every parent: how many children, their squares around it, and how far their sizes let them speak (moments of one-way layouts).
{%- for parent, child in [('all', 'fault'), ('fault', 'family'), ('family', 'center')] %}
{%- set parent_keys = (levels | selectattr(0, 'equalto', parent) | first)[1] %}

{{ child }}_between as (

    select
        cast(count(*) as bigint) as children,
        cast(count(distinct {{ parent_keys | map('string') | join(" || '|' || ") if parent_keys else '1' }}) as bigint) as parents,
        cast(sum({{ exact('child_n * (child_mean - parent_mean) * (child_mean - parent_mean)') }}) as double) as squares,
        cast(coalesce(sum(child_n), 0) as bigint) as n,
        cast(sum({{ exact('cast(child_n as double) * child_n / parent_n') }}) as double) as crowding
    from (
        select
            {%- for key in parent_keys %}
            child.{{ key }},
            {%- endfor %}
            child.n as child_n,
            child.mean as child_mean,
            parent.n as parent_n,
            parent.mean as parent_mean
        from {{ child }}_means as child
        {%- if parent_keys %}
        inner join {{ parent }}_means as parent
            on {% for key in parent_keys %}{{ 'and ' if not loop.first }}child.{{ key }} = parent.{{ key }} {% endfor %}
        {%- else %}
        cross join {{ parent }}_means as parent
        {%- endif %}
    ) as pairs

),
{%- endfor %}

variances as (

    select
        noise.variance as within,
        {%- for child in ['fault', 'family', 'center'] %}
        greatest(
            coalesce(
                ({{ child }}_between.squares - ({{ child }}_between.children - {{ child }}_between.parents) * noise.variance)
                / nullif({{ child }}_between.n - {{ child }}_between.crowding, 0),
                noise.variance / 4
            ), 0.0001
        ) as {{ child }}_variance{{ ',' if not loop.last }}
        {%- endfor %}
    from noise
    cross join fault_between
    cross join family_between
    cross join center_between

),

-- Each level: its own mean and the parent's estimate, weighed by how sure each is.
{%- for child, parent in [('fault', 'all'), ('family', 'fault'), ('center', 'family')] %}
{%- set keys = (levels | selectattr(0, 'equalto', child) | first)[1] %}

{{ child }}_estimates as (

    select
        {%- for key in keys %}
        {{ key }},
        {%- endfor %}
        own_n,
        {%- if child != 'fault' %}
        parent_n,
        {%- endif %}
        case
            when own_n is null then parent_mean
            else parent_mean + (own_mean - parent_mean) * prior_variance / (prior_variance + within / own_n)
        end as mean,
        case
            when own_n is null then prior_variance
            else prior_variance * (within / own_n) / (prior_variance + within / own_n)
        end as mean_variance
    from (
        select
            {%- for key in keys %}
            cells.{{ key }},
            {%- endfor %}
            own.n as own_n,
            own.mean as own_mean,
            {%- if child == 'fault' %}
            parent.mean as parent_mean,
            variances.{{ child }}_variance + variances.within / nullif(parent.n, 0) as prior_variance,
            {%- else %}
            parent.own_n as parent_n,
            parent.mean as parent_mean,
            variances.{{ child }}_variance + parent.mean_variance as prior_variance,
            {%- endif %}
            variances.within
        from (select distinct {{ keys | join(', ') }} from cells) as cells
        cross join variances
        left join {{ child }}_means as own
            on {% for key in keys %}{{ 'and ' if not loop.first }}cells.{{ key }} = own.{{ key }} {% endfor %}
        {%- if child == 'fault' %}
        cross join all_means as parent
        {%- else %}
        inner join {{ parent }}_estimates as parent
            on {% for key in keys[:-1] %}{{ 'and ' if not loop.first }}cells.{{ key }} = parent.{{ key }} {% endfor %}
        {%- endif %}
    ) as prior

),
{%- endfor %}

-- Repaired and replaced claims of the cell: an estimate for replaced ones rests on repaired ones like them, or on none.
remedies as (

    select
        coalesce(latest_fault_code, 'none') as fault_code,
        coalesce(family_code, 'unknown') as family_code,
        coalesce(service_center_id, 'none') as service_center_id,
        cast(sum(case when resolution = 'repaired' then 1 else 0 end) as bigint) as repaired_claims,
        cast(sum(case when resolution = 'replaced' then 1 else 0 end) as bigint) as replaced_claims
    from claims
    where is_claim
    group by 1, 2, 3

)

select
    estimates.fault_code,
    estimates.family_code,
    estimates.service_center_id,
    estimates.family_code || ' × ' || estimates.fault_code || ' × ' || estimates.service_center_id as cell,
    coalesce(estimates.own_n, 0) as observations,
    coalesce(estimates.parent_n, 0) as family_observations,
    coalesce(remedies.repaired_claims, 0) as repaired_claims,
    coalesce(remedies.replaced_claims, 0) as replaced_claims,
    coalesce(remedies.repaired_claims > 0 and remedies.replaced_claims > 0, false) as has_overlap,
    slope.slope,
    -- The level at a price of one euro; add slope × ln(price).
    estimates.mean as log_level,
    estimates.mean_variance as log_level_variance,
    variances.within as log_variance
from center_estimates as estimates
cross join slope
cross join variances
left join remedies
    on
        estimates.fault_code = remedies.fault_code
        and estimates.family_code = remedies.family_code
        and estimates.service_center_id = remedies.service_center_id
