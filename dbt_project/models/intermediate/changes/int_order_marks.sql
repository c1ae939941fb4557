-- A mark of all that the sources say of an order by data_as_of, which is another when any of it is; and
-- whose order it is.
with

account as (
    select * from {{ ref('int_accounts') }}
),

orders as (
    select * from {{ ref('int_source_orders') }}
),

order_lines as (
    select * from {{ ref('int_source_order_lines') }}
),

refunds as (
    select * from {{ ref('int_source_refunds') }}
),

identities as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is not null
),

addresses as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is null
),

told as (
    select
        orders.source,
        orders.order_id,
        orders.customer_id,
        orders.customer_email,
        {{ row_mark(
            'orders', 'orders.paid_at <= account.data_as_of', 'orders.cancelled_at <= account.data_as_of'
        ) }} as mark
    from orders
    cross join account
    where orders.placed_at is null or orders.placed_at <= account.data_as_of

    union all

    select
        order_lines.source,
        order_lines.order_id,
        order_lines.customer_id,
        order_lines.customer_email,
        {{ row_mark('order_lines') }} as mark
    from order_lines
    cross join account
    where order_lines.placed_at is null or order_lines.placed_at <= account.data_as_of

    union all

    select
        refunds.source,
        refunds.order_id,
        null as customer_id,
        null as customer_email,
        {{ row_mark('refunds') }} as mark
    from refunds
    cross join account
    where refunds.refunded_at is null or refunds.refunded_at <= account.data_as_of
),

summed as (
    select
        source,
        order_id,
        min(customer_id) as customer_id,
        min(customer_email) as customer_email,
        sum(mark) as mark
    from told
    group by source, order_id
),

joined as (
    select
        {{ surrogate_key(['summed.source', 'account.account_id', 'summed.order_id']) }} as order_key,
        summed.source,
        summed.order_id,
        coalesce(identities.customer_key, addresses.customer_key) as customer_key,
        lower(ltrim(trim(summed.order_id), '#')) as order_number,
        summed.mark
    from summed
    cross join account
    left join identities
        on summed.source = identities.source and summed.customer_id = identities.customer_id
    left join addresses
        on case when identities.customer_key is null then {{ hash_text('summed.customer_email') }} end
        = addresses.email_hash
)

select
    order_key,
    source,
    order_id,
    customer_key,
    order_number,
    {{ row_mark('joined') }} as mark
from joined
