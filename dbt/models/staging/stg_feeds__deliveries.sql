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
from {{ source('raw', 'deliveries') }}
{% if var('known_on') -%}
where received_at <= {{ known_on_at() }}
{%- endif %}
