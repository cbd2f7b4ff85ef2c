-- An audit of the simulated feeds, written from the policy text; it knows nothing of how the cases were drawn.
-- Result: table `verdicts`, one row per recorded ticket, and table `found` (violation_code, subject).
create table line_facts as
select o.*, coalesce(o.delivered_at, o.shipped_at + to_seconds(cast(median_seconds as bigint))) as in_service_at
from orders as o
left join (
    select country_code, median(epoch(delivered_at) - epoch(shipped_at)) as median_seconds from orders group by all
) using (country_code);

-- A serial is read without case, blanks and hyphens; an exchanged machine's leads back to the one that was sold.
create macro as_printed(serial) as regexp_replace(upper(serial), '[^0-9A-Z]', '', 'g');

create table sold_serials as
select as_printed(unnest(string_split(serial_numbers, '|'))) as serial, order_id, line_number from line_facts;

create table serials as
with recursive exchanged as (
    select as_printed(t.replacement_serial_number) as serial,
        as_printed(coalesce(t.serial_number, o.serial_numbers)) as before
    from tickets as t left join line_facts as o on o.order_id = t.order_id and o.line_number = t.line_number
    where t.replacement_serial_number is not null
),
chained as (
    select serial, serial as first_serial, order_id, line_number from sold_serials
    union all
    select e.serial, c.first_serial, c.order_id, c.line_number from exchanged as e join chained as c on c.serial = e.before
)
from chained;

-- An order under which an exchange left stands for the line that was sold.
create table exchange_orders as
with recursive booked as (
    select t.replacement_order_id as new_order_id, coalesce(t.order_id, s.order_id) as order_id,
        coalesce(t.line_number, s.line_number) as line_number
    from tickets as t left join serials as s on s.serial = as_printed(t.serial_number)
    where t.replacement_order_id is not null
),
chained as (
    select * from booked where order_id not in (select new_order_id from booked)
    union all
    select b.new_order_id, c.order_id, c.line_number from booked as b join chained as c on c.new_order_id = b.order_id
)
from chained;

create table nameless as
select t.ticket_id, o.order_id, o.line_number
from tickets as t join line_facts as o
    on o.customer_id = t.customer_id and o.sku = t.sku and o.contract_at <= t.requested_at::timestamptz
where t.order_id is null and t.serial_number is null
qualify row_number() over (partition by t.ticket_id order by o.contract_at desc) = 1;

create table linked as
select t.*, coalesce(x.order_id, l.order_id, s.order_id, n.order_id) as linked_order,
    coalesce(x.line_number, l.line_number, s.line_number, n.line_number) as linked_line
from tickets as t
left join line_facts as l on l.order_id = t.order_id and l.line_number = t.line_number
left join exchange_orders as x on x.new_order_id = t.order_id
left join serials as s on s.serial = case when t.order_id is null then as_printed(t.serial_number) end
left join nameless as n on n.ticket_id = t.ticket_id;

create table base as
select t.* exclude (order_id, line_number, sku, customer_id), t.linked_order as order_id, t.linked_line as line_number,
    o.sku, o.contract_at, o.paid_at, o.customer_type, o.item_condition, o.unit_price_eur, o.unit_landed_cost_eur as landed,
    o.quantity as units, o.serial_numbers, o.in_service_at, o.country_code, o.postal_code, p.has_french_manual,
    p.wear_part_codes, p.weight_kg, p.family_code,
    coalesce(s.first_serial, as_printed(o.serial_numbers), o.order_id || '/' || o.line_number) as unit,
    r.repair_id, r.picked_up_at, r.received_at, r.diagnosed_at, r.quoted_at, r.quote_accepted_at, r.repaired_at, r.returned_at,
    r.fault_code, r.evidence_grade, r.is_repairable, r.labour_minutes, r.labour_rate_eur_per_hour, r.parts_cost_eur,
    r.diagnosis_cost_eur, r.inbound_cost_eur, r.outbound_cost_eur, r.quoted_total_eur, r.coverage, r.customer_charge_eur,
    r.outcome
from linked as t
left join line_facts as o on o.order_id = t.linked_order and o.line_number = t.linked_line
left join products as p on p.sku = o.sku
left join serials as s on s.serial = as_printed(t.serial_number)
left join repairs as r on r.ticket_id = t.ticket_id;

create table earlier as
select t.ticket_id,
    count(*) filter (where e.coverage = 'covered' and e.outcome = 'repaired' and e.returned_at < t.requested_at) as covered_repairs,
    sum(e.returned_at::date - coalesce(e.picked_up_at, e.received_at)::date)
        filter (where e.coverage = 'covered' and e.outcome = 'repaired') as immobilised_days,
    max(e.returned_at) filter (
        where e.coverage = 'covered' and e.outcome = 'repaired' and e.fault_code = t.fault_code
    ) as same_fault_returned_at,
    max(e.replacement_delivered_at) filter (
        where e.requested_remedy = 'repair' and e.resolution = 'replaced'
    ) as renewed_at
from base as t join base as e on e.unit = t.unit and e.requested_at < t.requested_at
group by all;

create table clocked as
select b.*, e.same_fault_returned_at,
    case when b.contract_at >= '2022-01-01' and coalesce(e.covered_repairs, 0) > 0
        then ((coalesce(e.renewed_at, b.in_service_at)::date + interval 24 month) + interval 6 month)::date
            + e.immobilised_days::int
        when b.contract_at >= '2022-01-01'
        then (coalesce(e.renewed_at, b.in_service_at)::date + interval 24 month)::date
        else (b.in_service_at::date + interval 24 month)::date
    end as warranty_end_on,
    b.in_service_at::date + case when b.item_condition = 'new' and b.contract_at >= '2016-03-18' then interval 24 month
        when b.item_condition <> 'new' and b.contract_at >= '2022-01-01' then interval 12 month
        else interval 6 month end as presumed_end_at
from base as b left join earlier as e using (ticket_id);

create table facts as
select *,
    case when contract_at >= '2022-01-01' then coalesce(defect_appeared_on, requested_at::date)
        else requested_at::date end <= warranty_end_on as is_in_warranty,
    customer_type <> 'professional' and requested_at <= presumed_end_at as is_presumed,
    not (coalesce(is_unused, false) and coalesce(engine_hours, 0) <= 0.5
        and requested_at::date <= in_service_at::date + 14) as is_used,
    case when fault_code like 'M%' and (evidence_grade = 'C' or not has_french_manual) then 'unproven'
        when fault_code like 'M%' then 'misuse'
        when fault_code = 'W01' and wear_part_codes = 'W01' then 'wear'
        when fault_code = 'N01' then 'no_fault' else 'defect' end as finding,
    case when weight_kg <= 30 then 15
        else case when weight_kg <= 60 then 35 when weight_kg <= 100 then 60 when weight_kg <= 150 then 85 when weight_kg <= 200 then 110 else 140 end end as freight,
    case when weight_kg <= 20 then 45 when weight_kg <= 150 then 120 else 320 end as later_claim,
    coalesce(quoted_total_eur, labour_minutes / 60.0 * labour_rate_eur_per_hour + parts_cost_eur) as work,
    case when closed_at is null then 'open' when paypal_case_opened_at is null then 'none'
        when paypal_case_opened_at > paid_at + interval 6 month then 'none'
        when paypal_case_opened_at > closed_at then 'none'
        when paypal_case_closed_at is null or paypal_case_closed_at > closed_at then 'held'
        when paypal_case_outcome = 'buyer_refunded' then 'refunded' else 'kept' end as paypal_state
from clocked;

create table priced as
select *,
    inbound_cost_eur + diagnosis_cost_eur + work + case when outbound_cost_eur > 0 or resolution <> 'replaced'
        then outbound_cost_eur else inbound_cost_eur end + 12 + (0.10 + case when contract_at >= '2022-01-01' then 0.04 else 0 end) * later_claim as repair_cost,
    inbound_cost_eur + landed + freight + 12 - greatest(
        0.05 * landed,
        least(landed, case when is_used then 0.5 else 0.9 end * unit_price_eur * 0.9) - work - 40
    ) + case when requested_remedy = 'repair' then case when contract_at >= '2022-01-01' then 0.12 else 0 end * later_claim else 0 end as replacement_cost
from facts;

create table verdicts as
select *,
    case
        when order_id is null then 'info_required'
        when paypal_state = 'refunded' then 'refunded'
        when paypal_state = 'held' then 'suspended_paypal'
        when withdrawal_requested_at::date <= in_service_at::date + 14 and customer_type <> 'professional' then 'withdrawn'
        when is_remote_resolved then 'remote_resolved'
        when not is_in_warranty then 'rejected_out_of_warranty'
        when fault_code is null and resolution not in ('repaired', 'replaced', 'refunded', 'spare_part_shipped')
            then 'diagnose'
        when finding = 'misuse' then 'rejected_misuse'
        when finding = 'unproven' and not is_presumed and not (fault_code = 'M10' and not has_french_manual) then 'diagnose'
        when finding = 'wear' then 'rejected_wear'
        when finding = 'no_fault' then 'no_fault_found'
        when requested_remedy = 'refund' and same_fault_returned_at > requested_at - interval 90 day then 'refunded'
        when requested_remedy = 'part' or category = 'missing_part' then 'spare_part_shipped'
        when not is_used or not coalesce(is_repairable, true) or coalesce(repair_cost >= replacement_cost, false) then 'replaced'
        else 'repaired'
    end as policy_resolution
from priced
where closed_at is not null;

create table found (violation_code varchar, ticket_id varchar, order_id varchar, line_number bigint, repair_id varchar);
insert into found
select 'VR02', null, order_id, line_number, null from orders where shipped_at is not null and invoice_number is null
    and cancelled_at is null
union all
select 'VR04', null, order_id, line_number, null from orders
where abs(epoch(invoice_sent_at) - epoch(shipped_at)) > 86400
union all
select 'VR09', null, null, null, repair_id from repairs where ticket_id is null;
insert into found
select code, ticket_id, null, null, null from (
    select *, unnest([
        case when assignee_id is null then 'VR01' end,
        case when order_id is not null and resolution = 'info_required' then 'VR03' end,
        case when requested_remedy = 'replacement' and resolution = 'repaired' and customer_type <> 'professional'
            and replacement_cost <= 1.5 * repair_cost and replacement_cost <= unit_price_eur then 'VR06' end,
        case when order_id is null then 'VR07' end,
        case when category in ('assembly', 'start_up') and not is_safety_issue and remote_attempted_at is null
            and (repair_id is not null or resolution in ('replaced', 'spare_part_shipped')) then 'VR10' end,
        case when not is_used and finding = 'defect' and fault_code is not null and resolution = 'repaired' then 'VR13' end,
        case when resolution = 'repaired' and epoch(returned_at) - epoch(requested_at) > 15 * 86400
            or resolution = 'replaced' and epoch(replacement_delivered_at) - epoch(requested_at) > 10 * 86400 then 'VR14' end,
        case when replacement_shipped_at < coalesce(picked_up_at, received_at) then 'VR15' end,
        case when resolution = 'replaced' and is_used and policy_resolution = 'repaired' then 'VR16' end,
        case when resolution = 'repaired' and is_used and policy_resolution = 'replaced' then 'VR17' end,
        case when coverage = 'covered' and customer_charge_eur > 0
            and not coalesce(picked_up_at >= paypal_case_opened_at and picked_up_at < paypal_case_closed_at, false) then 'VR19a' end,
        case when coverage = 'covered' and customer_charge_eur > 0
            and picked_up_at >= paypal_case_opened_at and picked_up_at < paypal_case_closed_at then 'VL21' end,
        case when coverage = 'not_covered' and quote_accepted_at is not null and customer_charge_eur < quoted_total_eur
            then 'VR19b' end,
        case when coverage = 'not_covered' and quote_accepted_at is null and customer_charge_eur > 0 then 'VR19c' end,
        case when paypal_case_opened_at <= paid_at + interval 6 month and received_at >= paypal_case_opened_at
            and received_at < paypal_case_closed_at then 'VR20' end,
        case when paypal_case_opened_at > paid_at + interval 6 month and resolution = 'suspended_paypal' then 'VR22' end,
        case when resolution = 'rejected_misuse' and finding = 'unproven' then 'VR23' end,
        case when contract_at >= '2022-01-01' and customer_type <> 'professional' and written_reason_sent_at is null and (
            requested_remedy = 'replacement' and resolution = 'repaired'
            or requested_remedy = 'repair' and resolution = 'replaced'
        ) then 'VL12' end,
        case when resolution in ('repaired', 'replaced') and epoch(coalesce(returned_at, replacement_delivered_at))
            - epoch(requested_at) > 30 * 86400 then 'VL14' end,
        case when resolution = 'suspended_paypal' and paypal_case_opened_at <= paid_at + interval 6 month
            and epoch(paypal_case_closed_at) - epoch(requested_at) > 30 * 86400 then 'VL20' end
    ]) as code from verdicts
) where code is not null;
insert into found
select 'VL14', ticket_id, null, null, null from base where closed_at is null and requested_at < getvariable('end_at') - interval 30 day;

create table reach as
with regions as (
    select distinct country_code, left(postal_code, 2) as region from orders
),
near as (
    select r.country_code, r.region, unnest(string_split(c.family_codes, '|')) as family_code, c.valid_from, c.valid_to
    from regions as r
    join service_centers as c on c.country_code = r.country_code and c.is_warranty_authorised
    left join centroids as d on d.department_code = r.region and r.country_code = 'FR'
    where left(c.postal_code, 2) = r.region
        or 2 * 6371 * asin(sqrt(
            pow(sin(radians(d.latitude - c.latitude) / 2), 2)
            + cos(radians(d.latitude)) * cos(radians(c.latitude)) * pow(sin(radians(d.longitude - c.longitude) / 2), 2)
        )) <= 50
)
select distinct t.ticket_id from verdicts as t
join near as n on n.country_code = t.country_code and n.region = left(t.postal_code, 2)
    and n.family_code = t.family_code
where t.requested_at::date >= n.valid_from and (n.valid_to is null or t.requested_at::date <= n.valid_to);
insert into found
select 'VR08', ticket_id, null, null, null from verdicts
where resolution = 'repaired' and (picked_up_at is not null) = (ticket_id in (select ticket_id from reach)) and is_used;
