-- Every ticket that a source lists, or that only its events and messages tell of, is a row of
-- fct_tickets: a join that loses one would lower every count in silence.
with

listed as (
    select * from {{ ref('stg_files__tickets') }}
),

ticket_events as (
    select * from {{ ref('stg_files__ticket_events') }}
),

messages as (
    select * from {{ ref('stg_files__messages') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

fct_tickets as (
    select * from {{ ref('fct_tickets') }}
),

told_of as (
    select source, ticket_id, occurred_at as seen_at
    from ticket_events

    union all

    select source, ticket_id, sent_at as seen_at
    from messages
),

expected as (
    select
        listed.source,
        listed.ticket_id
    from listed
    cross join account
    where listed.created_at is null or listed.created_at <= account.data_as_of

    union

    select
        told_of.source,
        told_of.ticket_id
    from told_of
    inner join sources on told_of.source = sources.source
    cross join account
    where not sources.has_ticket_rows and told_of.seen_at <= account.data_as_of
),

lost as (
    select expected.*
    from expected
    left join fct_tickets
        on expected.source = fct_tickets.source and expected.ticket_id = fct_tickets.ticket_id
    where fct_tickets.ticket_key is null
)

select * from lost
