with latest as (
    {{ latest_versions('tickets', ['ticket_id']) }}
),

known as (
    select
        ticket_id,
        customer_id,
        order_id,
        line_number,
        sku,
        serial_number,
        quantity,
        channel,
        requested_at,
        {{ known_at('first_replied_at') }} as first_replied_at,
        {{ known_at('closed_at') }} as closed_at,
        assignee_id,
        category,
        description,
        language_code,
        case when defect_appeared_on <= {{ as_of_date() }} then defect_appeared_on end as defect_appeared_on,
        is_unused,
        engine_hours,
        {{ known_at('remote_attempted_at') }} as remote_attempted_at,
        {{ known_fact('is_remote_resolved', 'coalesce(remote_attempted_at, closed_at)') }} as is_remote_resolved,
        requested_remedy,
        {{ known_at('withdrawal_requested_at') }} as withdrawal_requested_at,
        is_safety_issue,
        {{ known_at('paypal_case_opened_at') }} as paypal_case_opened_at,
        {{ known_at('paypal_case_closed_at') }} as paypal_case_closed_at,
        {{ known_fact('paypal_case_outcome', 'paypal_case_closed_at') }} as paypal_case_outcome,
        {{ known_fact('resolution', 'closed_at') }} as resolution,
        {{ known_at('written_reason_sent_at') }} as written_reason_sent_at,
        {{ known_at('replacement_shipped_at') }} as replacement_shipped_at,
        {{ known_at('replacement_delivered_at') }} as replacement_delivered_at,
        {{ known_fact('replacement_serial_number', 'coalesce(replacement_shipped_at, closed_at)') }} as replacement_serial_number,
        {{ known_fact('replacement_order_id', 'coalesce(replacement_shipped_at, closed_at)') }} as replacement_order_id,
        {{ known_at('refunded_at') }} as refunded_at,
        {{ known_fact('refunded_amount_eur', 'refunded_at') }} as refunded_amount_eur,
        {{ known_fact('is_overturned', 'closed_at') }} as is_overturned,
        {{ known_fact('satisfaction_score', 'closed_at') }} as satisfaction_score,
        updated_at,
        version_count,
        is_version_conflict
    from latest
    where requested_at < {{ as_of_end() }}
)

select * from known
