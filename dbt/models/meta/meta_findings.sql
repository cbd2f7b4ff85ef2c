{{ config(alias='findings') }}

-- What the door cannot see, because it takes two rows to see it. Nothing is dropped for a finding: the row stays, and the
-- sentence says how it was read.
with lines as (
    select * from {{ ref('int_order_lines__in_service') }}
),

tickets as (
    select * from {{ ref('int_tickets__linked') }}
),

aged as (
    select
        tickets.ticket_id,
        tickets.is_claim,
        tickets.is_linked,
        tickets.units,
        aged.refunded_out_units,
        aged.delivered_on,
        aged.appeared_on,
        aged.is_in_service
    from {{ ref('int_claims__aged') }} as aged
    inner join tickets on aged.ticket_id = tickets.ticket_id
),

repairs as (
    select * from {{ ref('int_repairs__linked') }}
),

costs as (
    select * from {{ ref('int_repairs__costed') }}
),

centres as (
    select service_center_id from {{ ref('stg_feeds__service_centers') }}
),

stated_tickets as (
    select
        repairs.*,
        stated.requested_on,
        stated.ticket_id is not null as is_ticket_known
    from repairs
    left join tickets as stated on repairs.stated_ticket_id = stated.ticket_id
),

found as (
    select
        'unknown_sku' as finding_kind,
        'orders' as feed,
        sku as row_key,
        'sold on ' || cast(count(*) as string) || ' order lines' as detail
    from lines
    where not is_listed
    group by sku
    union all
    select
        'delivery_estimated',
        'orders',
        'all',
        cast(count(*) as string) || ' order lines'
    from lines
    where is_delivery_estimated
    having count(*) > 0
    {%- for feed, key, relation in [
        ('products', 'sku', ref('stg_feeds__products')),
        ('service_centers', 'service_center_id', ref('stg_feeds__service_centers')),
        ('orders', "order_id || ' / ' || line_number", 'lines'),
        ('tickets', 'ticket_id', 'tickets'),
        ('repairs', 'repair_id', 'repairs'),
    ] %}
    union all
    select
        'version_conflict',
        '{{ feed }}',
        {{ key }},
        cast(version_count as string) || ' versions'
    from {{ relation }}
    where is_version_conflict
    {%- endfor %}
    union all
    select 'after_as_of', feed, 'all', cast(rows_left_out as string) || ' rows'
    from {{ ref('stg_feeds__left_out') }}
    where rows_left_out > 0
    union all
    select
        'exchange_order',
        'orders',
        'all',
        cast(count(*) as string) || ' order lines'
    from lines
    where is_exchange
    having count(*) > 0
    union all
    select
        'serial_retyped',
        'tickets',
        tickets.ticket_id,
        tickets.serial_number || ' / ' || min(serials.printed_serial_number)
    from tickets
    inner join {{ ref('int_serials__listed') }} as serials
        on {{ serial_as_read('tickets.serial_number') }} = serials.serial_number
    group by tickets.ticket_id, tickets.serial_number
    having max(case when tickets.serial_number = serials.printed_serial_number then 1 else 0 end) = 0
    union all
    select
        'refund_beyond_units',
        'tickets',
        ticket_id,
        cast(refunded_out_units as string) || ' units by the amount, ' || cast(units as string) || ' by the ticket'
    from aged
    where refunded_out_units > units
    union all
    select
        'unknown_order',
        'tickets',
        ticket_id,
        'order ' || stated_order_id || coalesce(', line ' || stated_line_number, '')
    from tickets
    where stated_order_id is not null and link_method <> 'order_line'
    union all
    select 'unlinked_ticket', 'tickets', ticket_id, coalesce('product ' || stated_sku, 'no product')
    from tickets
    where not is_linked
    union all
    select 'other_product', 'tickets', ticket_id, 'ticket says ' || stated_sku || ', the sale was ' || sku
    from tickets
    where is_linked and stated_sku <> sku
    union all
    select
        'more_units_than_sold',
        'tickets',
        tickets.ticket_id,
        cast(tickets.units as string) || ' units of ' || cast(lines.units as string)
    from tickets
    inner join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
    where tickets.units > lines.units
    union all
    select
        'defect_after_request',
        'tickets',
        ticket_id,
        cast(defect_appeared_on as string) || ' after ' || cast(requested_on as string)
    from tickets
    where defect_appeared_on > requested_on
    union all
    select
        'claim_before_delivery',
        'tickets',
        ticket_id,
        cast(appeared_on as string) || ' before ' || cast(delivered_on as string)
    from aged
    where is_claim and is_in_service and appeared_on < delivered_on
    union all
    select
        'request_before_contract',
        'tickets',
        tickets.ticket_id,
        cast(tickets.requested_on as string) || ' before ' || cast(lines.contract_on as string)
    from tickets
    inner join lines on tickets.order_id = lines.order_id and tickets.line_number = lines.line_number
    where tickets.requested_on < lines.contract_on
    union all
    select
        'claim_out_of_service',
        'tickets',
        ticket_id,
        case when delivered_on is null then 'not delivered' else 'cancelled before delivery' end
    from aged
    where is_claim and is_linked and not is_in_service
    union all
    select 'unknown_ticket', 'repairs', repair_id, 'ticket ' || stated_ticket_id
    from stated_tickets
    where stated_ticket_id is not null and not is_ticket_known
    union all
    select 'repair_without_ticket', 'repairs', repair_id, coalesce('serial ' || serial_number, 'no serial')
    from repairs
    where ticket_id is null
    union all
    select 'repair_before_request', 'repairs', repair_id,
        cast(received_on as string) || ' before ' || cast(requested_on as string)
    from stated_tickets
    where received_on < requested_on
    union all
    select 'repair_out_of_order', 'repairs', repair_id,
        case
            when diagnosed_on < received_on then 'diagnosed before received'
            when repaired_on < diagnosed_on then 'repaired before diagnosed'
            when returned_on < repaired_on then 'returned before repaired'
            else 'returned before received'
        end
    from repairs
    where
        diagnosed_on < received_on
        or repaired_on < diagnosed_on
        or returned_on < repaired_on
        or returned_on < received_on
    union all
    select 'unknown_fault_code', 'repairs', repair_id, 'fault code ' || fault_code
    from repairs
    where fault_code is not null and not is_diagnosed
    union all
    select 'unknown_center', 'repairs', repairs.repair_id, 'service centre ' || repairs.service_center_id
    from repairs
    left join centres on repairs.service_center_id = centres.service_center_id
    where repairs.service_center_id is not null and centres.service_center_id is null
    union all
    select
        'law_date_passed',
        'legal_parameters',
        legal_rule_id,
        reference || ', ' || state || ': its day was ' || cast(contract_date_from as string)
    from {{ ref('legal_parameters') }}
    where state <> 'in_force' and contract_date_from <= {{ as_of_date() }}
    union all
    select
        'law_check_old',
        'legal_parameters',
        legal_rule_id,
        reference || ', last checked on ' || cast(checked_on as string)
    from {{ ref('legal_parameters') }}
    where {{ day_diff('checked_on', as_of_date()) }} > {{ var('law_check_days') }}
    {%- for doubt, detail in [
        ('labour_over_limit', "'labour of ' || cast(labour_eur as string) || ' EUR'"),
        ('parts_over_limit', "'parts of ' || cast(parts_eur as string) || ' EUR, price ' || cast(price_eur as string) || ' EUR'"),
        ('quote_over_limit', "'quote of ' || cast(quote_eur as string) || ' EUR, price ' || cast(price_eur as string) || ' EUR'"),
        ('quote_after_repair', "'quoted ' || cast(quoted_at as string) || ', repaired ' || cast(repaired_at as string)"),
    ] %}
    union all
    select '{{ doubt }}', 'repairs', repair_id, {{ detail }}
    from costs
    where '|' || cost_doubts || '|' like '%|{{ doubt }}|%'
    {%- endfor %}
    union all
    select
        'unknown_wear_part',
        'products',
        sku,
        part
    from {{ ref('int_products__wear_parts') }}
    where fault_code is null
),

numbered as (
    select
        found.*,
        row_number() over (partition by finding_kind, feed order by row_key, detail) as example_number,
        count(*) over (partition by finding_kind, feed) as findings
    from found
),

kinds as (
    select * from {{ ref('finding_kinds') }}
)

select
    numbered.finding_kind,
    numbered.feed,
    numbered.row_key,
    cast(numbered.example_number as bigint) as example_number,
    cast(numbered.findings as bigint) as findings,
    numbered.detail,
    kinds.sentence_en,
    kinds.sentence_fr
from numbered
left join kinds on numbered.finding_kind = kinds.finding_kind
where numbered.example_number <= 100
