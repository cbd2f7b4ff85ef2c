-- Diagnosed claims by the workshop that diagnosed them last, in strata of like cases: of one family and channel, unused or not,
-- of one band of age. A workshop is compared with the others within these.
select
    diagnosed.service_center_id,
    tickets.family_code,
    coalesce(tickets.is_unused, false) as is_unused,
    case
        when aged.age_days is null then 0
        when aged.age_days <= 30 then 1
        when aged.age_days <= 91 then 2
        when aged.age_days <= 365 then 3
        else 4
    end as age_band,
    coalesce(tickets.channel, 'other') as channel,
    cast(count(*) as bigint) as diagnosed,
    cast(sum(case when diagnosed.cause = 'misuse' then 1 else 0 end) as bigint) as misuse_verdicts
from {{ ref('int_tickets__linked') }} as tickets
inner join {{ ref('int_claims__diagnosed') }} as diagnosed on tickets.ticket_id = diagnosed.ticket_id
inner join {{ ref('int_claims__aged') }} as aged on tickets.ticket_id = aged.ticket_id
where tickets.is_claim and diagnosed.latest_repair_id is not null and diagnosed.service_center_id is not null
group by
    diagnosed.service_center_id,
    tickets.family_code,
    coalesce(tickets.is_unused, false),
    case
        when aged.age_days is null then 0
        when aged.age_days <= 30 then 1
        when aged.age_days <= 91 then 2
        when aged.age_days <= 365 then 3
        else 4
    end,
    coalesce(tickets.channel, 'other')
