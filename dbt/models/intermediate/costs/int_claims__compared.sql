with priced as (

    select * from {{ ref('int_claims__priced') }}

),

estimated as (

    select * from {{ ref('int_claims__work_estimated') }}

),

paid as (

    select * from {{ ref('int_claims__paid') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

-- The price of a remedy holds what the returned machine can be expected to bring, not what came of it: scrapping a machine
-- that was worth repairing is a loss of the disposal, not of the remedy, and stands apart as salvage_shortfall_eur.
inputs as (

    select
        priced.ticket_id,
        tickets.units,
        case
            when tickets.resolution = 'repaired' then 'repair'
            when tickets.resolution = 'replaced' then 'replacement'
            when tickets.resolution = 'refunded' then 'refund'
            when tickets.resolution = 'spare_part_shipped' then 'part'
            when tickets.resolution like 'rejected%' then 'refusal'
            when tickets.resolution is null then 'open'
            else 'other'
        end as actual_remedy,
        priced.landed_cost_eur,
        priced.inbound_eur,
        priced.repair_before_work_eur,
        priced.replacement_before_salvage_eur,
        priced.resale_eur as expected_resale_eur,
        priced.part_parcel_eur,
        priced.scrap_eur,
        priced.resale_before_work_eur,
        paid.known_proceeds_eur,
        coalesce({{ euros('paid.stated_refund_eur') }}, cast(priced.price_eur * tickets.units as decimal(18,2))) as refund_eur,
        coalesce(paid.repairs_parts_eur, {{ euros('priced.part_cost_share * priced.price_eur') }}) as part_eur,
        paid.customer_charge_eur,
        estimated.estimated_work_eur as work_eur,
        estimated.estimated_work_low_eur as work_low_eur,
        estimated.estimated_work_high_eur as work_high_eur,
        estimated.decision_log_mean,
        estimated.decision_log_spread,
        case
            when tickets.sku is null then 'no product is known'
            when priced.missing_rates is not null then 'no rate for the date: ' || priced.missing_rates
            when priced.price_eur is null then 'neither a price paid nor a list price is known'
            when estimated.work_basis is null then 'no repair anywhere has a known cost'
        end as unpriced_reason
    from priced
    inner join estimated on priced.ticket_id = estimated.ticket_id
    inner join paid on priced.ticket_id = paid.ticket_id
    inner join tickets on priced.ticket_id = tickets.ticket_id

),

salvaged as (

    select
        *,
        {%- for bound in ['', '_low', '_high'] %}
        {{ salvage_eur('scrap_eur', 'resale_before_work_eur', 'work' ~ bound ~ '_eur') }} as salvage{{ bound }}_eur,
        {%- endfor %}
        {{ break_even_work_eur('repair_before_work_eur', 'replacement_before_salvage_eur', 'scrap_eur', 'resale_before_work_eur') }}
            as break_even_repair_eur
    from inputs

),

costed as (

    select
        *,
        {%- for bound in ['', '_low', '_high'] %}
        cast(repair_before_work_eur + work{{ bound }}_eur as decimal(18,2)) as repair_cost{{ bound }}_eur,
        cast(replacement_before_salvage_eur - salvage{{ bound }}_eur as decimal(18,2)) as replacement_cost{{ bound }}_eur,
        {%- endfor %}
        -- The common rule counts the returned machine as one that runs, and forgets the work and the reconditioning.
        cast(
            replacement_before_salvage_eur
            - case when expected_resale_eur > landed_cost_eur then landed_cost_eur else expected_resale_eur end
            as decimal(18,2)
        ) as naive_replacement_cost_eur,
        case when unpriced_reason is null then
            -- Where repair − replacement turns: flat below the kink, crossing zero at the root.
            cast(greatest(cast(resale_before_work_eur - scrap_eur as decimal(18,2)), cast(0 as decimal(18,2))) as double)
        end as kink,
        case when unpriced_reason is null then
            cast(replacement_before_salvage_eur - repair_before_work_eur - scrap_eur as double)
        end as root
    from salvaged

),

chosen as (

    select
        *,
        case
            when unpriced_reason is not null then null
            when repair_cost_eur < replacement_cost_eur then 'repair'
            else 'replacement'
        end as cheapest_remedy,
        case
            when unpriced_reason is not null then null
            when repair_cost_eur < naive_replacement_cost_eur then 'repair'
            else 'replacement'
        end as naive_remedy,
        case
            when actual_remedy = 'repair' then repair_cost_eur
            when actual_remedy = 'replacement' then replacement_cost_eur
            when actual_remedy = 'refund' then cast({{ euros_of_quotient('refund_eur', 'units') }} + inbound_eur - salvage_eur as decimal(18,2))
            when actual_remedy = 'part' then cast(part_eur + part_parcel_eur as decimal(18,2))
            when actual_remedy = 'refusal' then cast(-customer_charge_eur as decimal(18,2))
        end as actual_cost_eur,
        case
            when break_even_repair_eur > 0
                then (ln(cast(break_even_repair_eur as double)) - decision_log_mean) / decision_log_spread
            when break_even_repair_eur = 0 then cast(-40 as double)
        end as decision_z
    from costed

),

shares as (

    select
        *,
        {{ normal_share_below('decision_z') }} as repair_probability
    from chosen

)

select
    ticket_id,
    actual_remedy,
    unpriced_reason,
    salvage_eur,
    case
        when unpriced_reason is null and actual_remedy in ('replacement', 'refund')
            then cast(salvage_eur - known_proceeds_eur as decimal(18,2))
    end as salvage_shortfall_eur,
    case when unpriced_reason is null then repair_cost_eur end as repair_cost_eur,
    case when unpriced_reason is null then replacement_cost_eur end as replacement_cost_eur,
    case when unpriced_reason is null then repair_cost_low_eur end as repair_cost_low_eur,
    case when unpriced_reason is null then repair_cost_high_eur end as repair_cost_high_eur,
    case when unpriced_reason is null then naive_replacement_cost_eur end as naive_replacement_cost_eur,
    cheapest_remedy,
    naive_remedy,
    case when unpriced_reason is null then break_even_repair_eur end as break_even_repair_eur,
    case when unpriced_reason is null then cast(replacement_cost_eur - repair_cost_eur as decimal(18,2)) end as margin_eur,
    case when unpriced_reason is null then actual_cost_eur end as actual_cost_eur,
    case
        when unpriced_reason is null and actual_remedy in ('repair', 'replacement', 'refund', 'part')
            then cast(
                actual_cost_eur
                - case when repair_cost_eur < replacement_cost_eur then repair_cost_eur else replacement_cost_eur end
                as decimal(18,2)
            )
    end as regret_eur,
    kink,
    root,
    case
        when unpriced_reason is null and actual_remedy = 'refusal'
            then case when repair_cost_eur < replacement_cost_eur then repair_cost_eur else replacement_cost_eur end
    end as refused_exposure_eur,
    case
        when unpriced_reason is not null then null
        when actual_remedy = 'repair' then repair_probability
        when actual_remedy = 'replacement' then 1 - repair_probability
    end as right_choice_probability
from shares
