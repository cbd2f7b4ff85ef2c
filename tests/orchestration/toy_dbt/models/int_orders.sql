select order_id, quantity from {{ source('raw', 'orders') }}
