select order_id, quantity, cast('{{ var("as_of") }}' as date) as as_of from {{ ref('int_orders') }}
