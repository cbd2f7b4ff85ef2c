-- A contract older than the oldest row of these parameters is judged by that row: no older law was collected.
{%- set reaching_back = [
    'regime', 'clock_test', 'presumption_months', 'presumption_months_used', 'cure_deadline', 'withdrawal_days',
] %}
with parameters as (

    select
        parameter,
        unit,
        value,
        coalesce(contract_date_from, cast('1900-01-01' as date)) as date_from,
        coalesce(contract_date_to, cast('9999-12-30' as date)) as period_to
    from {{ ref('legal_parameters') }}
    where is_active

),

dated as (

    select
        -- The deadline is a month in one law and days in the other: two columns.
        case when parameter = 'cure_deadline' then (parameter || '_' || unit) else parameter end as parameter,
        value,
        case
            when
                parameter in ('{{ reaching_back | join("', '") }}')
                and date_from = min(date_from) over (partition by parameter)
                then cast('1900-01-01' as date)
            else date_from
        end as period_from,
        period_to
    from parameters

)

{{ parameters_by_period('dated', {
    'regime': dbt.type_string(),
    'clock_test': dbt.type_string(),
    'presumption_months': 'integer',
    'presumption_months_used': 'integer',
    'override_reason_written': 'boolean',
    'cure_deadline_months': 'integer',
    'cure_deadline_days': 'integer',
    'freight_refund_days': 'integer',
    'extension_months': 'integer',
    'renewal_months': 'integer',
    'is_suspended_while_immobilised': 'boolean',
    'withdrawal_days': 'integer',
}) }}
