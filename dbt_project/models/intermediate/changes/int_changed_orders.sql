-- Orders that this build looks at again.
with

reached as (
    select * from {{ ref('int_reached') }}
),

orders as (
    select order_key, source, order_id
    from {{ ref('int_order_marks') }}

    union

    select order_key, source, order_id
    from {{ ref('stg_bookbag__built_orders') }}
)

select
    orders.order_key,
    orders.source,
    orders.order_id
from orders
inner join reached on 'order ' || orders.order_key = reached.node
