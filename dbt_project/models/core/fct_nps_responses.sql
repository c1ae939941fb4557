-- One row an NPS response, with whether the customer had asked for help in the 90 days before it (Q10).
with

nps_responses as (
    select * from {{ ref('int_nps_responses') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

supported as (
    select distinct nps_responses.nps_key
    from nps_responses
    inner join tickets on nps_responses.customer_key = tickets.customer_key
    where tickets.first_customer_message_at < nps_responses.responded_at
        and {{ add_seconds('tickets.first_customer_message_at', 90 * 86400) }}
        >= nps_responses.responded_at
),

joined as (
    select
        nps_responses.nps_key,
        nps_responses.source,
        nps_responses.customer_key,
        nps_responses.responded_at,
        {{ local_date('nps_responses.responded_at', 'account.timezone') }} as responded_on,
        nps_responses.score,
        nps_responses.survey,
        supported.nps_key is not null as is_supported,
        {{ customer_segment('nps_responses.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value
    from nps_responses
    cross join account
    left join supported on nps_responses.nps_key = supported.nps_key
    left join customer_months
        on nps_responses.customer_key = customer_months.customer_key
        and {{ month_start(local_date('nps_responses.responded_at', 'account.timezone')) }}
            = customer_months.month_start
)

select * from joined
