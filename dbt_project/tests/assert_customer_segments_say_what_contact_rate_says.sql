-- V8 in two readings: the whole rows of customer_segments are the KPI's segments; and those of new
-- and returning customers add up to its whole, in every category.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'contact_rate' and grain = 'month' and stat in ('ratio', 'index')
),

customer_segments as (
    select * from {{ ref('customer_segments') }}
    where handling = 'all'
),

by_segment as (
    select
        customer_segments.month_start,
        customer_segments.customer_segment as slice,
        customer_segments.contacting_customers,
        customer_segments.customers,
        customer_segments.index
    from customer_segments
    where customer_segments.category = 'all'
),

by_category as (
    select
        month_start,
        category as slice,
        sum(contacting_customers) as contacting_customers,
        sum(customers) as customers,
        cast(null as double) as index
    from customer_segments
    where customer_segment <> 'high_value'
    group by month_start, category
    having sum(contacting_customers) > 0 or category = 'all'
),

unioned as (
    select * from by_segment

    union all

    select * from by_category
),

told as (
    select
        cast(period_start as date) as month_start,
        case when category <> 'all' then category else customer_segment end as slice,
        max(case when stat = 'ratio' then numerator end) as contacting_customers,
        max(case when stat = 'ratio' then denominator end) as customers,
        max(case when stat = 'index' and customer_segment <> 'all' then value end) as index
    from kpi_values
    group by
        cast(period_start as date),
        case when category <> 'all' then category else customer_segment end
    having max(case when stat = 'ratio' then denominator end) > 0
),

broken as (
    select
        coalesce(unioned.month_start, told.month_start) as month_start,
        coalesce(unioned.slice, told.slice) as slice,
        unioned.contacting_customers,
        told.contacting_customers as contacting_customers_of_kpi,
        unioned.customers,
        told.customers as customers_of_kpi,
        unioned.index,
        told.index as index_of_kpi
    from unioned
    full outer join told
        on unioned.month_start = told.month_start and unioned.slice = told.slice
    where coalesce(unioned.contacting_customers, -1) <> coalesce(told.contacting_customers, -1)
        or coalesce(unioned.customers, -1) <> coalesce(told.customers, -1)
        or abs(coalesce(unioned.index, 0) - coalesce(told.index, 0)) > 1e-9
)

select * from broken
