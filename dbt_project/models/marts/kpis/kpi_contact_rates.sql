-- V8: of the customers who were active when a month began, those who got in touch in it; and how a
-- segment compares with the whole.
with

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable and customer_key is not null
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain = 'month'
),

account as (
    select * from {{ ref('dim_accounts') }}
),

contacted as (
    select distinct
        tickets.customer_key,
        {{ month_start(local_date('tickets.first_customer_message_at', 'account.timezone')) }}
            as month_start,
        tickets.category
    from tickets
    cross join account
),

active as (
    select
        customer_months.customer_key,
        customer_months.month_start,
        case when customer_months.is_new then 'new' else 'returning' end as customer_segment,
        customer_months.is_high_value,
        cast(null as {{ text_type() }}) as category,
        anyone.customer_key is not null as has_contact
    from customer_months
    left join (select distinct customer_key, month_start from contacted) as anyone
        on customer_months.customer_key = anyone.customer_key
        and customer_months.month_start = anyone.month_start
),

cut as (
    {{ cut_by('active', ['customer_segment']) }}
),

by_segment as (
    select
        month_start,
        cut_customer_segment as customer_segment,
        'all' as category,
        {{ count_if('has_contact') }} as contacting,
        count(*) as active
    from cut
    group by month_start, cut_customer_segment
),

by_category as (
    select
        contacted.month_start,
        'all' as customer_segment,
        contacted.category,
        count(*) as contacting
    from contacted
    inner join active
        on contacted.customer_key = active.customer_key
        and contacted.month_start = active.month_start
    group by contacted.month_start, contacted.category
),

wholes as (
    select *
    from by_segment
    where customer_segment = 'all'
),

unioned as (
    select * from by_segment

    union all

    select
        by_category.month_start,
        by_category.customer_segment,
        by_category.category,
        by_category.contacting,
        wholes.active
    from by_category
    inner join wholes on by_category.month_start = wholes.month_start
),

rated as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        unioned.customer_segment,
        unioned.category,
        unioned.contacting,
        unioned.active,
        unioned.contacting / nullif(cast(unioned.active as double), 0) as ratio,
        wholes.contacting / nullif(cast(wholes.active as double), 0) as whole_ratio
    from unioned
    inner join wholes on unioned.month_start = wholes.month_start
    inner join periods on unioned.month_start = cast(periods.period_start as date)
)

{{ kpi_own_rows('rated', 'contact_rate', [
    {'stat': 'ratio', 'value': 'ratio', 'numerator': 'contacting', 'denominator': 'active', 'n': 'active'},
    {'stat': 'index', 'value': 'ratio / nullif(whole_ratio, 0)', 'numerator': 'ratio',
        'denominator': 'whole_ratio', 'n': 'active'},
], ['category', 'customer_segment']) }}
