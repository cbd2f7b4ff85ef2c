-- What a supplier owes back for a confirmed defect, by the term of the day of the customer's contract.
with claims as (
    select * from {{ ref('fct_claims') }}
    where is_claim and cause = 'defect' and not is_cause_presumed and supplier_id is not null
),

paid as (
    select * from {{ ref('int_claims__paid') }}
),

terms as (
    select * from {{ ref('supplier_terms') }}
),

costed as (
    select
        claims.ticket_id,
        claims.requested_on,
        claims.sku,
        claims.family_code,
        claims.supplier_id,
        claims.lot_code,
        claims.fault_code,
        claims.service_center_id,
        claims.age_months,
        paid.is_cost_complete,
        coalesce(paid.part_eur, 0) + coalesce(paid.new_units_eur, 0) as goods_eur,
        coalesce(paid.repairs_cost_eur, 0) as workshop_bills_eur,
        coalesce(paid.return_freight_eur, 0) + coalesce(paid.new_units_freight_eur, 0)
        + coalesce(paid.part_freight_eur, 0) as freight_eur,
        terms.valid_from as terms_from,
        terms.claim_months,
        terms.goods_share,
        terms.work_share,
        terms.freight_share,
        terms.mark as terms_mark
    from claims
    left join paid
        on claims.ticket_id = paid.ticket_id
    left join terms
        on
            claims.supplier_id = terms.supplier_id
            and coalesce(claims.contract_on, claims.requested_on) >= terms.valid_from
            and (terms.valid_to is null or coalesce(claims.contract_on, claims.requested_on) <= terms.valid_to)
)

select
    ticket_id,
    requested_on,
    sku,
    family_code,
    supplier_id,
    lot_code,
    fault_code,
    service_center_id,
    terms_from,
    terms_mark,
    cast(goods_eur as decimal(18, 2)) as goods_eur,
    cast(workshop_bills_eur as decimal(18, 2)) as workshop_bills_eur,
    cast(freight_eur as decimal(18, 2)) as freight_bills_eur,
    is_cost_complete,
    case
        when terms_from is null then 'no_terms'
        when age_months is null then 'age_unknown'
        when age_months > claim_months then 'too_old'
        else 'claimable'
    end as recovery_state,
    cast(
        case
            when terms_from is not null and age_months <= claim_months
                then goods_eur * goods_share + workshop_bills_eur * work_share + freight_eur * freight_share
            else 0
        end as decimal(18, 2)
    ) as claimable_eur
from costed
