-- A machine counts in every week in which it was watched on one day at least: in service, under the warranty of its sale,
-- and with its owner. Claims are those of the machines that the week counts, so no claim lacks its machine below the line.
with lifetimes as (
    select
        order_id,
        line_number,
        unit_number,
        lifetime_number,
        sku,
        family_code,
        supplier_id,
        lot_code,
        entered_on,
        ended_on,
        units
    from {{ ref('int_lifetimes__observed') }}
),

changes as (
    select
        sku,
        family_code,
        supplier_id,
        lot_code,
        week,
        cast(sum(units) as bigint) as units
    from (
        select sku, family_code, supplier_id, lot_code, {{ week_of('entered_on') }} as week, units
        from lifetimes
        union all
        select sku, family_code, supplier_id, lot_code, {{ add_days(week_of('ended_on'), 7) }} as week, -units as units
        from lifetimes
    ) as moves
    group by sku, family_code, supplier_id, lot_code, week
),

-- From one change to the next the number of machines stays the same.
steps as (
    select
        sku,
        family_code,
        supplier_id,
        lot_code,
        week,
        cast(sum(units) over (
            partition by sku, family_code, supplier_id, lot_code order by week rows unbounded preceding
        ) as bigint) as unit_weeks,
        {{ day_diff('week', 'lead(week) over (partition by sku, family_code, supplier_id, lot_code order by week)') }}
            as days_until_change
    from changes
),

watched as (
    select
        sku,
        family_code,
        supplier_id,
        lot_code,
        {{ add_days('week', '7 * (step - 1)') }} as week,
        unit_weeks
    from (
        select steps.*, {{ one_to('floor(days_until_change / 7)') }} as step
        from steps
        where unit_weeks > 0
    ) as stepped
),

claims as (
    select
        sku,
        family_code,
        supplier_id,
        lot_code,
        {{ week_of('appeared_on') }} as week,
        cast(count(*) as bigint) as claims,
        cast(sum(case when is_failure then 1 else 0 end) as bigint) as failures,
        cast(sum(case when is_misuse_refusal then 1 else 0 end) as bigint) as misuse_refusals
    from {{ ref('int_claims__watched') }}
    group by sku, family_code, supplier_id, lot_code, {{ week_of('appeared_on') }}
)

select
    watched.week,
    watched.sku,
    watched.family_code,
    watched.supplier_id,
    watched.lot_code,
    watched.unit_weeks,
    coalesce(claims.claims, 0) as claims,
    coalesce(claims.failures, 0) as failures,
    coalesce(claims.misuse_refusals, 0) as misuse_refusals
from watched
left join claims
    on
        watched.week = claims.week
        and watched.sku = claims.sku
        and coalesce(watched.supplier_id, '') = coalesce(claims.supplier_id, '')
        and coalesce(watched.lot_code, '') = coalesce(claims.lot_code, '')
