-- NPS responses with the customer they are of; one by an unknown customer stands for itself.
with

nps_responses as (
    select * from {{ ref('stg_files__nps_responses') }}
),

identities as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is not null
),

account as (
    select * from {{ ref('int_accounts') }}
),

keyed as (
    select
        {{ surrogate_key([
            'nps_responses.source', 'account.account_id', 'nps_responses.response_id',
        ]) }} as nps_key,
        nps_responses.source,
        identities.customer_key,
        nps_responses.responded_at,
        cast(nps_responses.score as integer) as score,
        nps_responses.survey
    from nps_responses
    cross join account
    left join identities
        on nps_responses.source = identities.source
        and nps_responses.customer_id = identities.customer_id
    where nps_responses.responded_at <= account.data_as_of
)

select * from keyed
