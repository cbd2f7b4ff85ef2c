with facts as (

    select * from {{ ref('int_claims__conditions') }}

),

diagnosed as (

    select * from {{ ref('int_claims__diagnosed') }}

),

warranty as (

    select * from {{ ref('int_claims__warranty') }}

),

tickets as (

    select * from {{ ref('int_tickets__linked') }}

),

repairs as (

    select * from {{ ref('int_repairs__linked') }}

),

-- A refusal counts for the workshop of its latest diagnosis, else of its latest repair order, else for none.
workshops as (

    select ticket_id, service_center_id
    from (
        select
            ticket_id,
            service_center_id,
            row_number() over (partition by ticket_id order by received_at desc, repair_id desc) as recency
        from repairs
        where ticket_id is not null
    ) as ranked
    where recency = 1

),

read as (

    select
        {{ month_of('tickets.requested_on') }} as month,
        coalesce(tickets.sku, 'unknown') as sku,
        tickets.family_code,
        coalesce(diagnosed.service_center_id, workshops.service_center_id, 'none') as service_center_id,
        diagnosed.latest_repair_id is not null as is_diagnosed,
        diagnosed.cause = 'misuse' as is_misuse_verdict,
        coalesce(tickets.resolution = 'rejected_misuse', false) as is_rejection,
        coalesce(diagnosed.evidence_grade in ('A', 'B'), false) as has_photo,
        facts.has_french_manual,
        facts.cause_basis = 'proven_misuse' as is_proven,
        coalesce(tickets.is_overturned, false) as is_overturned,
        warranty.is_presumption_running,
        diagnosed.is_failure
    from tickets
    inner join diagnosed on tickets.ticket_id = diagnosed.ticket_id
    inner join facts on tickets.ticket_id = facts.ticket_id
    inner join warranty on tickets.ticket_id = warranty.ticket_id
    left join workshops on tickets.ticket_id = workshops.ticket_id
    where tickets.is_claim

)

select
    month,
    sku,
    max(family_code) as family_code,
    service_center_id,
    cast(count(*) as bigint) as claims,
    cast(sum(case when is_diagnosed then 1 else 0 end) as bigint) as diagnosed,
    cast(sum(case when is_misuse_verdict then 1 else 0 end) as bigint) as misuse_verdicts,
    cast(sum(case when is_rejection then 1 else 0 end) as bigint) as misuse_rejections,
    cast(sum(case when is_rejection and is_diagnosed then 1 else 0 end) as bigint) as diagnosed_rejections,
    cast(sum(case when is_rejection and is_misuse_verdict and has_photo then 1 else 0 end) as bigint) as with_evidence,
    cast(sum(case when is_rejection and has_french_manual then 1 else 0 end) as bigint) as with_manual,
    cast(sum(case when is_rejection and is_proven then 1 else 0 end) as bigint) as proven_rejections,
    cast(sum(case when is_rejection and not is_proven then 1 else 0 end) as bigint) as unproven_rejections,
    cast(sum(case when is_rejection and is_overturned then 1 else 0 end) as bigint) as overturned,
    cast(sum(case when is_rejection and is_presumption_running then 1 else 0 end) as bigint) as rejections_presumed,
    cast(sum(case when is_failure then 1 else 0 end) as bigint) as failures,
    -- The defect count if refusals were wrong: the unproven ones, all of them.
    cast(sum(case when is_failure or (is_rejection and not is_proven) then 1 else 0 end) as bigint)
        as failures_if_unproven_wrong,
    cast(sum(case when is_failure or is_rejection then 1 else 0 end) as bigint) as failures_if_all_wrong
from read
group by month, sku, service_center_id
