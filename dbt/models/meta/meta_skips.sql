{{ config(alias='skips') }}

select
    delivery_id,
    feed,
    filter_name,
    rows_skipped
from {{ ref('stg_feeds__skips') }}
