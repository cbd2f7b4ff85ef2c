with latest as (
    {{ latest_versions('service_centers', ['service_center_id']) }}
),

known as (
    select
        {{ feed_columns('service_centers') | join(',\n        ') }},
        version_count,
        is_version_conflict
    from latest
)

select * from known
