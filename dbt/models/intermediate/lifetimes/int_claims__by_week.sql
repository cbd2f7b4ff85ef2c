{%- set bands = exposure_age_bands() -%}
-- The claims of fct_warranty_exposure by the age of their machine and by the fault that was found.
with claims as (
    select
        {{ week_of('appeared_on') }} as week,
        sku,
        family_code,
        case
            {%- for first_day in bands | reverse %}
            {%- if first_day > 0 %}
            when {{ week_of('appeared_on') }} >= {{ week_of(add_days('entered_on', first_day)) }} then {{ first_day }}
            {%- endif %}
            {%- endfor %}
            else 0
        end as age_from_days,
        fault_code,
        is_failure,
        is_misuse_refusal
    from {{ ref('int_claims__watched') }}
)

select
    week,
    sku,
    family_code,
    cast(age_from_days as bigint) as age_from_days,
    fault_code,
    cast(count(*) as bigint) as claims,
    cast(sum(case when is_failure then 1 else 0 end) as bigint) as failures,
    cast(sum(case when is_misuse_refusal then 1 else 0 end) as bigint) as misuse_refusals
from claims
group by week, sku, family_code, age_from_days, fault_code
