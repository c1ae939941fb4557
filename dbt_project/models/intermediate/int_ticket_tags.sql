-- Tags of a ticket: each holds by its last tag event, else by the ticket's column.
with

tickets as (
    select * from {{ ref('int_tickets') }}
),

ticket_events as (
    select * from {{ ref('int_ticket_events') }}
    where event_type in ('tag_added', 'tag_removed') and to_value is not null
),

moved as (
    select
        ticket_key,
        lower(trim(to_value)) as tag,
        event_type = 'tag_added' as is_added,
        row_number() over (
            partition by ticket_key, lower(trim(to_value))
            order by occurred_at desc, seq desc nulls first, source_id desc
        ) as recency
    from ticket_events
),

listed as (
    select
        ticket_key,
        {{ texts_of_list('tags') }} as tag
    from tickets
    where tags is not null
),

unioned as (
    select
        listed.ticket_key,
        lower(trim(listed.tag)) as tag
    from listed
    left join moved
        on listed.ticket_key = moved.ticket_key
        and lower(trim(listed.tag)) = moved.tag
        and moved.recency = 1
    where moved.tag is null

    union all

    select
        ticket_key,
        tag
    from moved
    where recency = 1 and is_added
)

select distinct
    ticket_key,
    tag
from unioned
