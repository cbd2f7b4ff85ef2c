{#- Every rate of the seed becomes one column, so that a claim needs one join and a missing rate is a null with a name. -#}
{%- set rate_codes = [
    'freight_leg_eur', 'part_parcel_eur', 'diagnosis_hours', 'labour_rate_eur_per_hour', 'landed_cost_share',
    'resale_factor_used', 'resale_factor_unused', 'resale_fee_share', 'reconditioning_eur', 'scrap_share',
    'handling_repair_eur', 'handling_replacement_eur', 'repeat_repair_probability', 'later_claim_cost_eur',
    'extension_claim_probability', 'renewal_claim_probability', 'goodwill_eur_per_day', 'goodwill_season_factor',
    'goodwill_season_from_month', 'goodwill_season_to_month', 'part_cost_share', 'vat_share',
    'parts_price_limit_ratio', 'labour_hours_limit', 'quote_log_spread', 'work_log_spread',
] -%}

with products as (

    select * from {{ ref('int_products__completed') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

rates as (

    select
        rate_code,
        family_code,
        weight_from_kg,
        weight_to_kg,
        rate,
        mark,
        valid_from,
        coalesce(valid_to, cast('9999-12-30' as date)) as valid_to
    from {{ ref('cost_rates') }}

),

-- A repair order may name a family and no product: then the rates are those of its family at unknown weight.
subjects as (

    select
        sku,
        family_code,
        cast(weight_kg as decimal(8,3)) as weight_kg
    from products

    union all

    select
        cast(null as string) as sku,
        families.family_code,
        cast(null as decimal(8,3)) as weight_kg
    from (
        select family_code from products
        union
        select coalesce(family_code, 'unknown') as family_code from repairs
        union
        select 'unknown' as family_code
    ) as families

),

changes as (

    select valid_from as period_from from rates
    union
    select {{ add_days('valid_to', 1) }} as period_from from rates
    where valid_to < cast('9999-12-30' as date)

),

periods as (

    select
        period_from,
        coalesce(
            {{ add_days('lead(period_from) over (order by period_from)', -1) }}, cast('9999-12-30' as date)
        ) as period_to
    from changes

),

matched as (

    select
        subjects.sku,
        subjects.family_code,
        periods.period_from,
        periods.period_to,
        rates.rate_code,
        rates.rate,
        rates.mark,
        row_number() over (
            partition by subjects.sku, subjects.family_code, periods.period_from, rates.rate_code
            order by
                case when rates.family_code is not null then 0 else 1 end,
                case when rates.weight_from_kg is not null or rates.weight_to_kg is not null then 0 else 1 end,
                rates.valid_from,
                rates.rate
        ) as specificity
    from subjects
    cross join periods
    inner join rates
        on
            rates.valid_from <= periods.period_from
            and rates.valid_to >= periods.period_to
            and (rates.family_code is null or rates.family_code = subjects.family_code)
            and (rates.weight_from_kg is null or rates.weight_from_kg < subjects.weight_kg)
            and (rates.weight_to_kg is null or rates.weight_to_kg >= subjects.weight_kg)

)

select
    coalesce(sku, 'family ' || family_code) as rate_subject,
    sku,
    family_code,
    period_from,
    period_to,
    {%- for code in rate_codes %}
    max(case when rate_code = '{{ code }}' then rate end) as {{ code }}{{ ',' if not loop.last }}
    {%- endfor %}
from matched
where specificity = 1
group by sku, family_code, period_from, period_to
