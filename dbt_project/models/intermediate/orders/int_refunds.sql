-- Money given back, as listed; of a source that gives order lines alone, its return lines too.
with

refunds as (
    select * from {{ changed('int_source_refunds', 'source, order_id') }}
),

order_lines as (
    select * from {{ changed('int_source_order_lines', 'source, order_id') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

unioned as (
    select source, refund_id, order_id, refunded_at, amount, reason, kind, loaded_at
    from refunds

    union all

    select
        order_lines.source,
        order_lines.line_id as refund_id,
        order_lines.order_id,
        order_lines.placed_at as refunded_at,
        abs(order_lines.net_amount) as amount,
        'return' as reason,
        'refund' as kind,
        order_lines.loaded_at
    from order_lines
    inner join sources on order_lines.source = sources.source
    where not sources.has_order_rows
        and (order_lines.quantity < 0 or order_lines.net_amount < 0)
),

keyed as (
    select
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.refund_id']) }}
            as refund_key,
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.order_id']) }}
            as order_key,
        unioned.source,
        account.account_id,
        unioned.refund_id as source_id,
        unioned.order_id,
        unioned.refunded_at,
        unioned.amount,
        unioned.reason,
        unioned.kind,
        unioned.loaded_at
    from unioned
    cross join account
    where unioned.refunded_at <= account.data_as_of
)

select * from keyed
