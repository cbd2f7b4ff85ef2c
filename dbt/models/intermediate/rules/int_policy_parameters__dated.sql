with dated as (

    select
        parameter,
        value,
        valid_from as period_from,
        coalesce(valid_to, cast('9999-12-30' as date)) as period_to
    from {{ ref('policy_parameters') }}

)

{{ parameters_by_period('dated', {
    'paypal_hold_months': 'integer',
    'unused_engine_hours': 'double',
    'unused_report_days': 'integer',
    'centre_radius_km': 'double',
    'repeat_fault_days': 'integer',
    'disproportion_ratio': 'decimal(9,4)',
    'has_stock': 'boolean',
    'is_extension_cumulative': 'boolean',
    'professional_guarantee_months': 'integer',
    'invoice_tolerance_hours': 'integer',
    'assignment_days': 'integer',
    'exchange_target_days': 'integer',
    'repair_target_days': 'integer',
}) }}
