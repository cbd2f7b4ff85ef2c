-- A sku that an order, a ticket or a repair names but the product feed lacks gets a row too: its claims must have
-- somewhere to go.
with listed as (
    select * from {{ ref('stg_feeds__products') }}
),

named as (
    select sku from {{ ref('stg_feeds__orders') }}
    union
    select sku from {{ ref('stg_feeds__tickets') }} where sku is not null
    union
    select sku from {{ ref('stg_feeds__repairs') }} where sku is not null
),

known as (
    select sku from listed
    union
    select sku from named
)

select
    known.sku,
    coalesce(listed.family_code, 'unknown') as family_code,
    {%- for column in feed_columns('products', without=['sku', 'family_code', 'updated_at']) %}
    listed.{{ column }},
    {%- endfor %}
    listed.sku is not null as is_listed
from known
left join listed on known.sku = listed.sku
