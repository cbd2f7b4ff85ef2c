select
    delivery_id,
    feed,
    filter_name,
    rows_skipped
from {{ source('raw', 'skips') }}
{{ known_deliveries('delivery_id') }}
