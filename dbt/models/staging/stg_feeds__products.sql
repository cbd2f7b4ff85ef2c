with latest as (
    {{ latest_versions('products', ['sku']) }}
),

known as (
    select
        {{ feed_columns('products') | join(',\n        ') }},
        version_count,
        is_version_conflict
    from latest
)

select * from known
