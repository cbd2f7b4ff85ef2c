with lines as (

    select * from {{ ref('int_order_lines__in_service') }}

),

policies as (

    select * from {{ ref('int_policy_parameters__dated') }}

),

-- What no row of the feed carries is not held against each of them.
carried as (

    select
        count(invoice_number) > 0 as has_invoices,
        count(invoice_sent_on) > 0 as has_dispatches
    from lines

),

late as (

    select
        lines.*,
        {{ day_diff('lines.shipped_on', 'coalesce(lines.invoice_sent_on, ' ~ as_of_date() ~ ')') }} as days_after
    from lines
    where lines.shipped_on is not null

),

findings as (

    select
        'VR02' as violation_code,
        late.order_id,
        late.line_number,
        late.sku,
        late.family_code,
        late.shipped_on,
        'shipped without an invoice number' as evidence_en,
        'expédié sans numéro de facture' as evidence_fr
    from late
    cross join carried
    where late.invoice_number is null and carried.has_invoices and not late.is_exchange

    union all

    select
        'VR04' as violation_code,
        late.order_id,
        late.line_number,
        late.sku,
        late.family_code,
        late.shipped_on,
        case
            when late.invoice_sent_on is null then 'invoice never sent'
            else 'invoice sent on ' || cast(late.invoice_sent_on as {{ dbt.type_string() }})
        end as evidence_en,
        case
            when late.invoice_sent_on is null then 'facture jamais envoyée'
            else 'facture envoyée le ' || cast(late.invoice_sent_on as {{ dbt.type_string() }})
        end as evidence_fr
    from late
    cross join carried
    inner join policies
        on late.shipped_on between policies.period_from and policies.period_to
    where
        late.invoice_number is not null
        and carried.has_dispatches
        and abs(late.days_after) * 24 > policies.invoice_tolerance_hours

)

select
    violation_code,
    order_id,
    line_number,
    sku,
    family_code,
    shipped_on as happened_on,
    evidence_en,
    evidence_fr,
    cast(0 as decimal(18,2)) as amount_at_risk_eur
from findings
