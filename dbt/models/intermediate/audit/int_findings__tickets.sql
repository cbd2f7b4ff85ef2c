-- One select per violation of the seed violation_codes whose subject is a ticket.
with audited as (

    select
        *,
        -- The hold outlasted the legal deadline and nothing had been given by then.
        not is_professional
        and legal_kind in ('remedy', 'wait')
        and legal_outcome <> 'info_required'
        and coalesce(paypal_case_opened_on <= remedy_due_on, false)
        and coalesce(paypal_case_closed_on > remedy_due_on, true)
        and coalesce(remedied_on > remedy_due_on, true)
        and {{ as_of_date() }} > remedy_due_on
        and (not is_closed or resolution = 'suspended_paypal' or remedied_on is not null) as is_past_due_for_paypal
    from {{ ref('int_claims__audited') }}

),

-- What no row of the feeds carries is not held against each of them.
carried as (

    select
        count(assignee_id) > 0 as has_assignees,
        count(remote_attempted_at) > 0 as has_remote_attempts,
        max(case when has_repair then 1 else 0 end) = 1 as has_repairs
    from audited

),

findings as (

    select
        ticket_id,
        'VR01' as violation_code,
        0 as amount_eur,
        'no operator is named' as evidence_en,
        'aucun opérateur n’est nommé' as evidence_fr
    from audited
    cross join carried
    where
        assignee_id is null and carried.has_assignees and (is_closed or {{ as_of_date() }} > {{ add_days('requested_on', 'assignment_days') }})

    union all

    select
        ticket_id,
        'VR03' as violation_code,
        case when legal_kind = 'remedy' then legal_remedy_eur else cheapest_eur end as amount_eur,
        'closed as info_required, order ' || order_id as evidence_en,
        'clos comme info_required, commande ' || order_id as evidence_fr
    from audited
    cross join carried
    where
        is_claim and resolution = 'info_required' and policy_outcome <> 'info_required'

    union all

    select
        ticket_id,
        'VR06' as violation_code,
        legal_remedy_eur as amount_eur,
        'due by law: ' || legal_outcome || '; done: ' || resolution as evidence_en,
        'dû selon la loi : ' || legal_outcome || ' ; fait : ' || resolution as evidence_fr
    from audited
    cross join carried
    where
        is_closed
        and legal_kind = 'remedy'
        and (
            is_refused
            or resolution = 'no_fault_found'
            or (resolution = 'repaired' and legal_outcome = 'replacement' and exercised_remedy = 'replacement')
            or (resolution in ('repaired', 'replaced', 'spare_part_shipped') and legal_outcome = 'refund_or_reduction')
        )

    union all

    select
        ticket_id,
        'VR07' as violation_code,
        0 as amount_eur,
        'no unit sold is found for it' as evidence_en,
        'aucun appareil vendu n’est retrouvé' as evidence_fr
    from audited
    cross join carried
    where
        is_claim and not is_linked

    union all

    select
        ticket_id,
        'VR08' as violation_code,
        freight_eur as amount_eur,
        'picked up on ' || cast({{ local_date('picked_up_at') }} as {{ dbt.type_string() }}) || ' though a centre is near' as evidence_en,
        'ramassé le ' || cast({{ local_date('picked_up_at') }} as {{ dbt.type_string() }}) || ' alors qu’un centre est proche' as evidence_fr
    from audited
    cross join carried
    where
        policy_outcome = 'repair_sav_centre' and resolution = 'repaired' and picked_up_at is not null

    union all

    select
        ticket_id,
        'VR10' as violation_code,
        freight_eur + paid_diagnosis_eur as amount_eur,
        'category ' || category || ', no remote attempt' as evidence_en,
        'catégorie ' || category || ', aucune tentative à distance' as evidence_fr
    from audited
    cross join carried
    where
        category in ('assembly', 'start_up')
        and not is_stated_unsafe
        and remote_attempted_at is null
        and carried.has_remote_attempts
        and (has_repair or replacement_shipped_at is not null or resolution = 'spare_part_shipped')

    union all

    select
        ticket_id,
        'VR12' as violation_code,
        greatest(all_price_eur - cheapest_eur, 0) as amount_eur,
        'refunded; due: ' || policy_outcome as evidence_en,
        'remboursé ; dû : ' || policy_outcome as evidence_fr
    from audited
    cross join carried
    where
        resolution = 'refunded'
        and policy_outcome in ('replacement', 'repair_sav_centre', 'repair_pickup')
        and legal_outcome in ('replacement', 'repair_sav_centre', 'repair_pickup')

    union all

    select
        ticket_id,
        'VR13' as violation_code,
        replacement_eur as amount_eur,
        'never used, repaired; asked: ' || stated_remedy as evidence_en,
        'jamais utilisé, réparé ; demandé : ' || stated_remedy as evidence_fr
    from audited
    cross join carried
    where
        policy_outcome = 'replacement' and not is_used and is_repairable and resolution = 'repaired' and stated_remedy <> 'repair'

    union all

    select
        ticket_id,
        'VR14' as violation_code,
        0 as amount_eur,
        'days from request: ' || cast({{ day_diff('requested_on', "case when resolution = 'repaired' then repaired_and_returned_on else replacement_delivered_on end") }} as {{ dbt.type_string() }}) as evidence_en,
        'jours depuis la demande : ' || cast({{ day_diff('requested_on', "case when resolution = 'repaired' then repaired_and_returned_on else replacement_delivered_on end") }} as {{ dbt.type_string() }}) as evidence_fr
    from audited
    cross join carried
    where
        (
            resolution = 'repaired'
            and {{ day_diff('requested_on', 'repaired_and_returned_on') }} > repair_target_days
        )
        or (
            resolution = 'replaced'
            and {{ day_diff('requested_on', 'replacement_delivered_on') }} > exchange_target_days
        )

    union all

    select
        ticket_id,
        'VR15' as violation_code,
        all_landed_cost_eur as amount_eur,
        'new unit sent on ' || cast(replacement_shipped_on as {{ dbt.type_string() }}) || ', defective one picked up ' || coalesce(('on ' || cast({{ local_date('coalesce(picked_up_at, received_at)') }} as {{ dbt.type_string() }})), 'never') as evidence_en,
        'appareil neuf expédié le ' || cast(replacement_shipped_on as {{ dbt.type_string() }}) || ', défectueux ramassé ' || coalesce(('le ' || cast({{ local_date('coalesce(picked_up_at, received_at)') }} as {{ dbt.type_string() }})), 'jamais') as evidence_fr
    from audited
    cross join carried
    where
        resolution = 'replaced'
        and replacement_shipped_at is not null
        and carried.has_repairs
        and coalesce(replacement_shipped_at < coalesce(picked_up_at, received_at), true)

    union all

    select
        ticket_id,
        'VR16' as violation_code,
        greatest(-repair_excess_eur, 0) as amount_eur,
        'used, repairable, repair cheaper by ' || cast(-repair_excess_eur as {{ dbt.type_string() }}) || ' EUR' as evidence_en,
        'utilisé, réparable, réparation moins chère de ' || cast(-repair_excess_eur as {{ dbt.type_string() }}) || ' EUR' as evidence_fr
    from audited
    cross join carried
    where
        policy_outcome in ('repair_sav_centre', 'repair_pickup')
        and is_used
        and resolution = 'replaced'
        and legal_outcome <> 'replacement'
        and not is_repair_cost_unknown

    union all

    select
        ticket_id,
        'VR17' as violation_code,
        greatest(repair_excess_eur, 0) as amount_eur,
        'repair dearer by ' || cast(repair_excess_eur as {{ dbt.type_string() }}) || ' EUR' as evidence_en,
        'réparation plus chère de ' || cast(repair_excess_eur as {{ dbt.type_string() }}) || ' EUR' as evidence_fr
    from audited
    cross join carried
    where
        policy_outcome = 'replacement'
        and is_used
        and resolution = 'repaired'
        and (not is_repair_cost_unknown or not is_repairable)
        and not (stated_remedy = 'repair' and legal_outcome in ('repair_sav_centre', 'repair_pickup'))

    union all

    select
        ticket_id,
        'VR19a' as violation_code,
        customer_charge_eur as amount_eur,
        'charged ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR; due: ' || policy_outcome as evidence_en,
        'facturé ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR ; dû : ' || policy_outcome as evidence_fr
    from audited
    cross join carried
    where
        policy_payer_work = 'seller' and customer_charge_eur > 0 and not is_refused

    union all

    select
        ticket_id,
        'VR19b' as violation_code,
        case when resolution in ('replaced', 'refunded') then replacement_eur else repairs_cost_eur end as amount_eur,
        'due: ' || policy_outcome || '; done: ' || resolution || ', nothing charged' as evidence_en,
        'dû : ' || policy_outcome || ' ; fait : ' || resolution || ', rien facturé' as evidence_fr
    from audited
    cross join carried
    where
        policy_kind = 'refusal'
        and legal_kind = 'refusal'
        and customer_charge_eur = 0
        and not is_goodwill
        and (is_repair_done or resolution in ('repaired', 'replaced', 'refunded', 'spare_part_shipped'))

    union all

    select
        ticket_id,
        'VR19c' as violation_code,
        customer_charge_eur as amount_eur,
        'charged ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR, no quote accepted before the work' as evidence_en,
        'facturé ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR, aucun devis accepté avant les travaux' as evidence_fr
    from audited
    cross join carried
    where
        (policy_payer_work = 'customer' or is_refused) and is_charged_without_quote

    union all

    select
        ticket_id,
        'VR20' as violation_code,
        case when resolution = 'replaced' then replacement_eur else repairs_cost_eur end as amount_eur,
        'PayPal case from ' || cast(paypal_case_opened_on as {{ dbt.type_string() }}) || ' to ' || coalesce(cast(paypal_case_closed_on as {{ dbt.type_string() }}), 'today') as evidence_en,
        'dossier PayPal du ' || cast(paypal_case_opened_on as {{ dbt.type_string() }}) || ' au ' || coalesce(cast(paypal_case_closed_on as {{ dbt.type_string() }}), 'jour') as evidence_fr
    from audited
    cross join carried
    where
        (
            not is_paypal_case_late
            and (
                (started_at >= paypal_case_opened_at and coalesce(started_at < paypal_case_closed_at, true))
                or (
                    replacement_shipped_at >= paypal_case_opened_at
                    and coalesce(replacement_shipped_at < paypal_case_closed_at, true)
                )
            )
        )
        or (policy_outcome = 'closed_paypal_refunded' and resolution in ('repaired', 'replaced'))

    union all

    select
        ticket_id,
        'VR22' as violation_code,
        case when legal_kind in ('remedy', 'wait') then cheapest_eur else 0 end as amount_eur,
        'opened on ' || cast(paypal_case_opened_on as {{ dbt.type_string() }}) || (case when resolution = 'suspended_paypal' then ', invoked' else ', not invoked' end) as evidence_en,
        'ouvert le ' || cast(paypal_case_opened_on as {{ dbt.type_string() }}) || (case when resolution = 'suspended_paypal' then ', invoqué' else ', non invoqué' end) as evidence_fr
    from audited
    cross join carried
    where
        is_paypal_case_late

    union all

    select
        ticket_id,
        'VR23' as violation_code,
        case when legal_kind = 'remedy' then greatest(legal_remedy_eur, customer_charge_eur) else customer_charge_eur end as amount_eur,
        'code ' || coalesce(latest_fault_code, 'none') || ', evidence ' || coalesce(evidence_grade, 'none') || (case when has_french_manual then ', French manual' else ', no French manual' end) as evidence_en,
        'code ' || coalesce(latest_fault_code, 'aucun') || ', preuve ' || coalesce(evidence_grade, 'aucune') || (case when has_french_manual then ', notice en français' else ', sans notice en français' end) as evidence_fr
    from audited
    cross join carried
    where
        resolution = 'rejected_misuse' and cause_basis <> 'proven_misuse'

    union all

    select
        ticket_id,
        'VL12' as violation_code,
        case when stated_remedy = 'replacement' then replacement_eur else cheapest_eur end as amount_eur,
        'asked: ' || stated_remedy || '; done: ' || resolution || ', no written reason' as evidence_en,
        'demandé : ' || stated_remedy || ' ; fait : ' || resolution || ', sans motif écrit' as evidence_fr
    from audited
    cross join carried
    where
        override_reason_written
        and not is_professional
        and legal_kind = 'remedy'
        and (
            (stated_remedy = 'replacement' and resolution = 'repaired')
            or (stated_remedy = 'repair' and resolution = 'replaced')
        )
        and written_reason_sent_on is null

    union all

    select
        ticket_id,
        'VL14' as violation_code,
        all_price_eur as amount_eur,
        'due by ' || cast(remedy_due_on as {{ dbt.type_string() }}) || ', remedied ' || coalesce(cast(remedied_on as {{ dbt.type_string() }}), 'not yet') as evidence_en,
        'dû avant le ' || cast(remedy_due_on as {{ dbt.type_string() }}) || ', réglé ' || coalesce(cast(remedied_on as {{ dbt.type_string() }}), 'pas encore') as evidence_fr
    from audited
    cross join carried
    where
        not is_professional
        and not is_past_due_for_paypal
        and (
            (
                legal_kind = 'remedy'
                and legal_outcome <> 'withdrawal_refund'
                and (remedied_on > remedy_due_on or (not is_closed and remedied_on is null and {{ as_of_date() }} > remedy_due_on))
            )
            or (legal_outcome = 'diagnose' and not is_closed and {{ as_of_date() }} > remedy_due_on)
        )

    union all

    select
        ticket_id,
        'VL20' as violation_code,
        all_price_eur as amount_eur,
        'due by ' || cast(remedy_due_on as {{ dbt.type_string() }}) || ', PayPal case closed ' || coalesce(cast(paypal_case_closed_on as {{ dbt.type_string() }}), 'not yet') as evidence_en,
        'dû avant le ' || cast(remedy_due_on as {{ dbt.type_string() }}) || ', dossier PayPal clos ' || coalesce(cast(paypal_case_closed_on as {{ dbt.type_string() }}), 'pas encore') as evidence_fr
    from audited
    cross join carried
    where
        is_past_due_for_paypal

    union all

    select
        ticket_id,
        'VL21' as violation_code,
        customer_charge_eur as amount_eur,
        'charged ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR, defect found on ' || cast(diagnosed_on as {{ dbt.type_string() }}) as evidence_en,
        'facturé ' || cast(customer_charge_eur as {{ dbt.type_string() }}) || ' EUR, défaut constaté le ' || cast(diagnosed_on as {{ dbt.type_string() }}) as evidence_fr
    from audited
    cross join carried
    where
        legal_kind = 'remedy'
        and verdict_cause = 'defect'
        and customer_charge_eur > 0
        and started_at >= paypal_case_opened_at
        and coalesce(started_at < paypal_case_closed_at, true)
        and {{ as_of_date() }} > {{ add_days('diagnosed_on', 'coalesce(freight_refund_days, 14)') }}
        and coalesce(refunded_on > {{ add_days('diagnosed_on', 'coalesce(freight_refund_days, 14)') }}, true)

)

select
    findings.violation_code,
    findings.ticket_id,
    audited.order_id,
    audited.line_number,
    audited.repair_id,
    audited.sku,
    audited.family_code,
    audited.diagnosing_center_id as service_center_id,
    audited.requested_on as happened_on,
    findings.evidence_en,
    findings.evidence_fr,
    cast(coalesce(findings.amount_eur, 0) as decimal(18,2)) as amount_at_risk_eur
from findings
inner join audited on findings.ticket_id = audited.ticket_id
