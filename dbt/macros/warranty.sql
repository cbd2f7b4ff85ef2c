{#
  Purpose: repairs done under the warranty, each with its unit and its days: handed over, done, returned.
  Parameters: repairs and tickets, relations with the columns of int_repairs__linked and int_tickets__linked.
  Usage: covered_repairs as ({{ covered_repairs('repairs', 'tickets') }})
#}
{% macro covered_repairs(repairs, tickets) -%}
    select
        repairs.repair_id,
        repairs.ticket_id,
        repairs.order_id,
        repairs.line_number,
        repairs.unit_number,
        repairs.fault_code,
        tickets.requested_at,
        coalesce(repairs.picked_up_on, tickets.requested_on) as handed_over_on,
        coalesce(repairs.returned_on, repairs.repaired_on) as done_on,
        repairs.returned_on
    from {{ repairs }} as repairs
    inner join {{ tickets }} as tickets on repairs.ticket_id = tickets.ticket_id
    where
        repairs.coverage = 'covered'
        and repairs.outcome = 'repaired'
        and coalesce(repairs.returned_on, repairs.repaired_on) is not null
{%- endmacro %}
