-- What any verdict would cost, so that a replay can move a claim between two of them. Labour and parts that nobody knows are
-- log-normal around their estimate; means, variances and the covariance of the work and the salvage are in closed form.
with compared as (

    select * from {{ ref('int_claims__compared') }}

),

priced as (

    select * from {{ ref('int_claims__priced') }}

),

paid as (

    select * from {{ ref('int_claims__paid') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

estimated as (

    select * from {{ ref('int_claims__work_estimated') }}

),

cells as (

    select
        cell,
        log_level_variance
    from {{ ref('int_repair_cells__estimated') }}

),

inputs as (

    select
        compared.*,
        tickets.units,
        priced.inbound_eur,
        priced.diagnosis_eur,
        priced.outbound_eur,
        priced.repair_handling_eur,
        priced.scrap_eur,
        coalesce(
            cast(paid.stated_refund_eur as decimal(18,2)), cast(priced.price_eur * tickets.units as decimal(18,2))
        ) as refund_of_all_eur,
        coalesce(
            cast(paid.repairs_parts_eur as decimal(18,2)), {{ euros('priced.part_cost_share * priced.price_eur') }}
        ) as part_eur,
        priced.part_parcel_eur,
        -- What customers pay on an accepted quote is known of those who were refused; of others it is not.
        case when compared.actual_remedy = 'refusal' then paid.customer_charge_eur else cast(0 as decimal(18,2)) end
            as recovered_eur,
        estimated.estimated_work_eur,
        estimated.decision_log_spread,
        estimated.work_basis in ('cell', 'own_quote')
        and estimated.estimated_work_eur > 0
        and estimated.decision_log_spread > 0 as is_work_uncertain,
        ln(cast(case when estimated.estimated_work_eur > 0 then estimated.estimated_work_eur end as double))
            - estimated.decision_log_spread * estimated.decision_log_spread / 2 as log_median,
        case when estimated.work_basis = 'cell' then coalesce(cells.log_level_variance, 0) else cast(0 as double) end
            as unrounded_level_variance
    from compared
    inner join priced on compared.ticket_id = priced.ticket_id
    inner join paid on compared.ticket_id = paid.ticket_id
    inner join tickets on compared.ticket_id = tickets.ticket_id
    inner join estimated on compared.ticket_id = estimated.ticket_id
    left join cells on estimated.cell = cells.cell

),

-- Below the kink the returned machine sells repaired, above it as scrap.
standardised as (

    select
        *,
        {%- for moment in [0, 1, 2] %}
        case
            when kink > 0 then (ln(kink) - log_median) / decision_log_spread - {{ moment }} * decision_log_spread
            else cast(-40 as double)
        end as z{{ moment }},
        {%- endfor %}
        cast(estimated_work_eur as double) as mean_work,
        cast(estimated_work_eur as double) * cast(estimated_work_eur as double) * exp(decision_log_spread * decision_log_spread)
            as mean_work_squared
    from inputs
    where is_work_uncertain and unpriced_reason is null

),

parts_below as (

    select
        *,
        {{ normal_share_below('z0') }} as share_below,
        mean_work * {{ normal_share_below('z1') }} as work_below,
        mean_work_squared * {{ normal_share_below('z2') }} as work_squared_below
    from standardised

),

moments as (

    select
        ticket_id,
        mean_work,
        mean_work_squared - mean_work * mean_work as work_variance,
        kink * share_below - work_below as gain,
        kink * kink * share_below - 2 * kink * work_below + work_squared_below as gain_squared,
        kink * work_below - work_squared_below as work_times_gain,
        work_below
    from parts_below

),

salvaged as (

    select
        inputs.*,
        case
            when moments.ticket_id is not null
                then cast(inputs.scrap_eur + cast(round(moments.gain, 2) as decimal(18,2)) as decimal(18,2))
            else inputs.salvage_eur
        end as expected_salvage_eur,
        cast(round(greatest(coalesce(moments.work_variance, 0), 0), 4) as decimal(28,4)) as work_variance,
        cast(round(greatest(coalesce(moments.gain_squared - moments.gain * moments.gain, 0), 0), 4) as decimal(28,4))
            as salvage_variance,
        cast(round(coalesce(moments.work_times_gain - moments.mean_work * moments.gain, 0), 4) as decimal(28,4))
            as work_salvage_covariance,
        cast(round(coalesce(moments.mean_work, 0), 4) as decimal(18,4)) as work_per_level_eur,
        cast(round(coalesce(-moments.work_below, 0), 4) as decimal(18,4)) as salvage_per_level_eur
    from inputs
    left join moments on inputs.ticket_id = moments.ticket_id

)

select
    ticket_id,
    expected_salvage_eur,
    cast(replacement_cost_eur + salvage_eur - expected_salvage_eur as decimal(18,2)) as replacement_expected_eur,
    cast({{ euros_of_quotient('refund_of_all_eur', 'units') }} + inbound_eur - expected_salvage_eur as decimal(18,2))
        as refund_expected_eur,
    cast(part_eur + part_parcel_eur as decimal(18,2)) as part_expected_eur,
    cast(-{{ euros_of_quotient('recovered_eur', 'units') }} as decimal(18,2)) as refusal_expected_eur,
    cast(inbound_eur + diagnosis_eur + outbound_eur + repair_handling_eur as decimal(18,2)) as no_fault_expected_eur,
    work_variance,
    salvage_variance,
    work_salvage_covariance,
    work_per_level_eur,
    salvage_per_level_eur,
    unrounded_level_variance
from salvaged
