{{ config(materialized='view') }}

select
    order_id,
    line_number,
    contract_at,
    is_exchange,
    unit_number,
    printed_serial_number,
    {{ serial_as_read('printed_serial_number') }} as serial_number
from (
    select
        order_id,
        line_number,
        contract_at,
        is_exchange,
        unit_number,
        split_part(serial_numbers, '|', cast(unit_number as int)) as printed_serial_number
    from (
        select
            order_id,
            line_number,
            contract_at,
            is_exchange,
            serial_numbers,
            {{ one_to("length(serial_numbers) - length(replace(serial_numbers, '|', '')) + 1") }} as unit_number
        from {{ ref('int_order_lines__in_service') }}
        where serial_numbers is not null
    ) as listed
) as printed
