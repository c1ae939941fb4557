-- Which of the active customers write, about what, month by month. New and returning ones add up to
-- all active ones; those of high value are counted once more.
with

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable and customer_key is not null and first_customer_message_at is not null
),

account as (
    select * from {{ ref('dim_accounts') }}
    where has_tickets and has_orders
),

first_loaded as (
    select
        *,
        greatest(tickets_first_loaded_at, orders_first_loaded_at) as first_loaded_at
    from account
),

months as (
    select
        customer_months.*,
        {{ utc_instant('cast(customer_months.month_start as timestamp)', 'first_loaded.timezone') }}
            < first_loaded.first_loaded_at
        or {{ utc_instant(
            'cast(' ~ add_months('customer_months.month_start', '1') ~ ' as timestamp)',
            'first_loaded.timezone'
        ) }} > first_loaded.data_as_of as is_partial,
        first_loaded.data_as_of
    from customer_months
    cross join first_loaded
    where {{ utc_instant(
        'cast(' ~ add_months('customer_months.month_start', '1') ~ ' as timestamp)',
        'first_loaded.timezone'
    ) }} > first_loaded.first_loaded_at
        and {{ utc_instant('cast(customer_months.month_start as timestamp)', 'first_loaded.timezone') }}
            < first_loaded.data_as_of
),

segmented as (
    {%- for segment, condition in [
        ('all', 'true'), ('new', 'is_new'), ('returning', 'is_returning'),
        ('high_value', 'is_high_value'),
    ] %}
    select
        '{{ segment }}' as customer_segment,
        customer_key, month_start, net_365d, is_partial, data_as_of
    from months
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

active as (
    select
        customer_segment,
        month_start,
        is_partial,
        data_as_of,
        count(*) as customers,
        sum(net_365d) as net
    from segmented
    group by customer_segment, month_start, is_partial, data_as_of
),

written as (
    select
        tickets.customer_key,
        tickets.category,
        tickets.handling,
        tickets.handling_side,
        {{ month_start(local_date('tickets.first_customer_message_at', 'account.timezone')) }}
            as month_start
    from tickets
    cross join account
),

-- Nobody wrote about a category as all: the source's own `all` is stored as all_ (K19).
sliced as (
    {{ by_handling('written', ['month_start', 'customer_key', 'category']) }}

    union all

    {{ by_handling('written', ['month_start', 'customer_key', "'all' as category"]) }}
),

contacting as (
    select
        segmented.customer_segment,
        segmented.month_start,
        sliced.category,
        sliced.handling_slice as handling,
        count(distinct segmented.customer_key) as contacting_customers
    from segmented
    inner join sliced
        on segmented.customer_key = sliced.customer_key
        and segmented.month_start = sliced.month_start
    group by
        segmented.customer_segment, segmented.month_start, sliced.category, sliced.handling_slice
),

-- Every segment beside what any active customer wrote about that month, and the whole.
grid as (
    select month_start, category, handling
    from contacting

    union

    select month_start, 'all' as category, 'all' as handling
    from active
),

rated as (
    select
        active.customer_segment,
        grid.category,
        active.month_start,
        grid.handling,
        active.customers,
        coalesce(contacting.contacting_customers, 0) as contacting_customers,
        coalesce(contacting.contacting_customers, 0)
            / nullif(cast(active.customers as double), 0) as contact_rate,
        active.net,
        active.is_partial,
        active.data_as_of
    from active
    inner join grid on active.month_start = grid.month_start
    left join contacting
        on active.customer_segment = contacting.customer_segment
        and active.month_start = contacting.month_start
        and grid.category = contacting.category
        and grid.handling = contacting.handling
)

select
    rated.customer_segment,
    rated.category,
    rated.month_start,
    rated.handling,
    cast(rated.customers as bigint) as customers,
    cast(rated.contacting_customers as bigint) as contacting_customers,
    rated.contact_rate,
    rated.contact_rate / nullif(everyone.contact_rate, 0) as index,
    cast(rated.net as decimal(18, 4)) as net,
    rated.is_partial,
    rated.data_as_of
from rated
inner join rated as everyone
    on everyone.customer_segment = 'all'
    and rated.month_start = everyone.month_start
    and rated.category = everyone.category
    and rated.handling = everyone.handling
where rated.customer_segment <> 'all'
