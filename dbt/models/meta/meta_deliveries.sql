{{ config(alias='deliveries') }}

select
    delivery_id,
    source,
    feed,
    file_sha256,
    received_at,
    rows_read,
    rows_loaded,
    rows_duplicate,
    rows_quarantined,
    rows_skipped
from {{ ref('stg_feeds__deliveries') }}
