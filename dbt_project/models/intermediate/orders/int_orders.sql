-- One row an order: whether it counts (K20), whether it is paid, and its net value in account
-- currency (K17).
with

order_rows as (
    select * from {{ changed('int_order_rows', 'source, order_id') }}
),

refunds as (
    select * from {{ changed('int_refunds', 'order_key') }}
),

fx_rates as (
    select * from {{ ref('stg_files__fx_rates') }}
),

identities as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is not null
),

addresses as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is null
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

seen as (
    select
        {{ surrogate_key(['order_rows.source', 'account.account_id', 'order_rows.order_id']) }}
            as order_key,
        order_rows.*,
        account.account_id,
        account.data_as_of,
        account.currency as account_currency,
        {{ local_date('order_rows.placed_at', 'account.timezone') }} as placed_on,
        sources.has_payments,
        coalesce(identities.customer_key, addresses.customer_key) as customer_key,
        order_rows.paid_at <= account.data_as_of as is_paid_by_now,
        order_rows.cancelled_at <= account.data_as_of as is_cancelled_by_now
    from order_rows
    cross join account
    inner join sources on order_rows.source = sources.source
    left join identities
        on order_rows.source = identities.source
        and order_rows.customer_id = identities.customer_id
    left join addresses on {{ hash_text('order_rows.customer_email') }} = addresses.email_hash
    where order_rows.placed_at <= account.data_as_of
),

settled as (
    select
        *,
        case
            when payment_status in ('paid', 'partially_paid', 'refunded', 'partially_refunded')
                then true
            when payment_status is not null then false
            when not has_payments then true
            else coalesce(is_paid_by_now, false)
        end as is_paid
    from seen
),

rates as (
    select
        rate_on,
        currency,
        max(rate) as rate
    from fx_rates
    group by rate_on, currency
),

refunded as (
    select
        refunds.order_key,
        sum(case when refunds.kind = 'refund' then refunds.amount end) as refunded_total,
        sum(case when refunds.kind = 'chargeback' then refunds.amount end) as chargeback_amount,
        sum(case
            when {{ seconds_between('settled.placed_at', 'refunds.refunded_at') }} <= 30 * 86400
                then refunds.amount
        end) as given_back_30d
    from refunds
    inner join settled on refunds.order_key = settled.order_key
    group by refunds.order_key
),

valued as (
    select
        settled.order_key,
        settled.source,
        settled.account_id,
        settled.order_id as source_id,
        settled.order_id,
        settled.customer_key,
        settled.placed_at,
        settled.placed_on,
        case
            when settled.is_paid and settled.is_paid_by_now then settled.paid_at
            when settled.is_paid then settled.placed_at
        end as paid_at,
        case when settled.is_cancelled_by_now then settled.cancelled_at end as cancelled_at,
        settled.payment_status,
        settled.is_paid,
        settled.is_test,
        settled.is_replacement,
        settled.is_deleted,
        case
            when settled.currency is null or settled.currency = settled.account_currency
                then cast(1 as double)
            else rates.rate
        end as fx_rate,
        settled.total,
        settled.discount,
        settled.tax,
        settled.shipping,
        coalesce(refunded.refunded_total, 0) as refunded_total,
        coalesce(refunded.chargeback_amount, 0) as chargeback_amount,
        coalesce(refunded.given_back_30d, 0) as given_back_30d,
        coalesce(settled.currency, settled.account_currency) as currency,
        settled.sales_channel,
        settled.country,
        settled.updated_at as source_updated_at,
        settled.loaded_at
    from settled
    left join rates
        on settled.currency = rates.currency and settled.placed_on = rates.rate_on
    left join refunded on settled.order_key = refunded.order_key
),

judged as (
    select
        *,
        not is_test and not is_replacement and not is_deleted and case
            when payment_status is not null then is_paid or payment_status = 'pending'
            else is_paid or cancelled_at is null
        end as is_countable,
        cast(total * fx_rate as decimal(18, 4)) as gross,
        cast((total - refunded_total - chargeback_amount) * fx_rate as decimal(18, 4)) as net_now,
        cast((total - given_back_30d) * fx_rate as decimal(18, 4)) as net_30d
    from valued
),

ranked as (
    select
        *,
        case
            when customer_key is not null and is_paid and is_countable then row_number() over (
                partition by customer_key, is_paid and is_countable
                order by paid_at, order_key
            ) = 1
        end as is_first_order
    from judged
)

select * from ranked
