with prices as (

    select * from {{ ref('int_claims__outcome_priced') }}

),

judged as (

    select ticket_id
    from {{ ref('int_claims__judged') }}
    where is_judged

)

select
    prices.ticket_id,
    prices.sku,
    prices.family_code,
    prices.requested_on,
    prices.units,
    prices.unpriced_reason is null as is_priced,
    prices.unpriced_reason,
    prices.work_basis,
    prices.cell,
    {%- for price in ['repair', 'replacement', 'refund', 'part', 'refusal', 'no_fault'] %}
    case when prices.unpriced_reason is null then prices.{{ price }}_cost_eur end as {{ price }}_cost_eur,
    {%- endfor %}
    prices.inbound_eur,
    prices.diagnosis_eur,
    prices.work_eur,
    prices.outbound_eur,
    prices.replacement_outbound_eur,
    cast(prices.part_parcel_eur as decimal(18,2)) as part_parcel_eur,
    prices.expected_salvage_eur,
    prices.work_variance,
    prices.salvage_variance,
    prices.work_salvage_covariance,
    prices.work_per_level_eur,
    prices.salvage_per_level_eur,
    cast(round(prices.level_variance, 12) as decimal(28,12)) as level_variance,
    cast(prices.repeat_repair_probability as decimal(9,4)) as repeat_repair_probability
from prices
inner join judged on prices.ticket_id = judged.ticket_id
