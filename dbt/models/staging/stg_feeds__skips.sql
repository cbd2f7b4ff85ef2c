{#- Named outside the condition: the graph is parsed once, without the variable. -#}
{%- set deliveries = ref('stg_feeds__deliveries') -%}
select
    delivery_id,
    feed,
    filter_name,
    rows_skipped
from {{ source('raw', 'skips') }}
{% if var('known_on') -%}
where delivery_id in (select delivery_id from {{ deliveries }})
{%- endif %}
