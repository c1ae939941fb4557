-- The only reader of texts: what leaves is order numbers.
with

versions as (
    select * from {{ ref('stg_chatwoot__versions') }}
    where is_newest
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
    where direction in ('in', 'out')
),

texts as (
    select
        source,
        ticket_id,
        created_at as mentioned_at,
        subject as content
    from versions

    union all

    select
        source,
        ticket_id,
        sent_at as mentioned_at,
        body as content
    from entries
),

mentions as (
    select
        source,
        ticket_id,
        mentioned_at,
        {{ order_numbers_in('content') }} as order_number
    from texts
    where content is not null
)

select * from mentions
