{{ config(materialized='view') }}

select order_id, line_number, contract_at as named_at, unit_number, serial_number, printed_serial_number
from {{ ref('int_serials__sold') }}
where not is_exchange and serial_number is not null
union all
select order_id, line_number, exchanged_at as named_at, unit_number, new_serial_number, new_serial_number
from {{ ref('int_exchanges__placed') }}
where new_serial_number is not null and unit_number is not null
