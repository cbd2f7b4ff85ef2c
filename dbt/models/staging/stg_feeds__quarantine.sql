select
    delivery_id,
    source,
    feed,
    file_row,
    reasons
from {{ source('raw', 'quarantine') }}
{{ known_deliveries('delivery_id') }}
