-- A mark of what a customer has been in each month, which is another when any of it is.
with

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

marked as (
    select
        customer_key,
        sum({{ row_mark('month_start', 'is_new', 'is_returning', 'is_high_value') }}) as mark
    from customer_months
    group by customer_key
)

select * from marked
