with latest as (
    {{ latest_versions('repairs', ['repair_id']) }}
),

known as (
    select
        repair_id,
        ticket_id,
        sku,
        family_code,
        serial_number,
        service_center_id,
        {{ known_at('picked_up_at') }} as picked_up_at,
        received_at,
        {{ known_at('diagnosed_at') }} as diagnosed_at,
        {{ known_at('quoted_at') }} as quoted_at,
        {{ known_at('quote_accepted_at') }} as quote_accepted_at,
        {{ known_at('repaired_at') }} as repaired_at,
        {{ known_at('returned_at') }} as returned_at,
        {{ known_fact('fault_code', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as fault_code,
        {{ known_fact('evidence_grade', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as evidence_grade,
        {{ known_fact('is_repairable', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as is_repairable,
        {{ known_fact('labour_minutes', 'coalesce(repaired_at, returned_at)') }} as labour_minutes,
        {{ known_fact('labour_rate_eur_per_hour', 'coalesce(repaired_at, returned_at)') }} as labour_rate_eur_per_hour,
        {{ known_fact('labour_cost_eur', 'coalesce(repaired_at, returned_at)') }} as labour_cost_eur,
        {{ known_fact('parts_cost_eur', 'coalesce(repaired_at, returned_at)') }} as parts_cost_eur,
        {{ known_fact('diagnosis_cost_eur', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as diagnosis_cost_eur,
        inbound_cost_eur,
        {{ known_fact('outbound_cost_eur', 'coalesce(returned_at, repaired_at)') }} as outbound_cost_eur,
        {{ known_fact('quoted_total_eur', 'quoted_at') }} as quoted_total_eur,
        {{ known_fact('coverage', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as coverage,
        {{ known_fact('customer_charge_eur', 'coalesce(returned_at, repaired_at)') }} as customer_charge_eur,
        {{ known_fact('outcome', 'coalesce(repaired_at, returned_at)') }} as outcome,
        {{ known_fact('resale_proceeds_eur', 'coalesce(returned_at, repaired_at)') }} as resale_proceeds_eur,
        {{ known_fact('technician_notes', 'coalesce(diagnosed_at, repaired_at, returned_at)') }} as technician_notes,
        updated_at,
        version_count,
        is_version_conflict
    from latest
    where received_at < {{ as_of_end() }}
)

select * from known
