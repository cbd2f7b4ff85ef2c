{{ config(materialized='view') }}

select
    order_id,
    line_number,
    contract_at,
    unit_number,
    split_part(serial_numbers, '|', cast(unit_number as int)) as serial_number
from (
    select
        order_id,
        line_number,
        contract_at,
        serial_numbers,
        {{ one_to("length(serial_numbers) - length(replace(serial_numbers, '|', '')) + 1") }} as unit_number
    from {{ ref('int_order_lines__in_service') }}
    where serial_numbers is not null
) as listed
