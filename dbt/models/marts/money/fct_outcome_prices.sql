with prices as (

    select * from {{ ref('int_claims__outcome_priced') }}

),

compared as (

    select * from {{ ref('int_claims__compared') }}

),

priced as (

    select * from {{ ref('int_claims__priced') }}

),

estimated as (

    select * from {{ ref('int_claims__work_estimated') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

judged as (

    select ticket_id
    from {{ ref('int_claims__escalated') }}
    where is_judged

)

select
    prices.ticket_id,
    tickets.sku,
    tickets.family_code,
    tickets.requested_on,
    tickets.units as units,
    compared.unpriced_reason is null as is_priced,
    compared.unpriced_reason,
    estimated.work_basis,
    estimated.cell,
    compared.repair_cost_eur as repair_expected_eur,
    {%- for price in ['replacement', 'refund', 'part', 'refusal', 'no_fault'] %}
    case when compared.unpriced_reason is null then prices.{{ price }}_expected_eur end as {{ price }}_expected_eur,
    {%- endfor %}
    priced.inbound_eur,
    priced.diagnosis_eur,
    estimated.estimated_work_eur as work_eur,
    priced.outbound_eur,
    priced.replacement_outbound_eur,
    cast(priced.part_parcel_eur as decimal(18,2)) as part_parcel_eur,
    prices.expected_salvage_eur,
    prices.work_variance,
    prices.salvage_variance,
    prices.work_salvage_covariance,
    prices.work_per_level_eur,
    prices.salvage_per_level_eur,
    cast(round(prices.unrounded_level_variance, 8) as decimal(28,8)) as level_variance,
    cast(priced.repeat_repair_probability as decimal(9,4)) as repeat_repair_probability
from prices
inner join judged on prices.ticket_id = judged.ticket_id
inner join compared on prices.ticket_id = compared.ticket_id
inner join priced on prices.ticket_id = priced.ticket_id
inner join estimated on prices.ticket_id = estimated.ticket_id
inner join tickets on prices.ticket_id = tickets.ticket_id
