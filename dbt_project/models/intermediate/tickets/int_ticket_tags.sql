-- Tags of a ticket: each holds by its last tag event, else by the ticket's column. The map says which
-- of them speak of keeping an order (R2).
with

tickets as (
    select * from {{ changed('int_tickets') }}
),

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
    where event_type in ('tag_added', 'tag_removed') and to_value is not null
),

sources as (
    select * from {{ ref('stg_bookbag__sources') }}
),

recovery_tags as (
    select * from {{ ref('map_recovery_tag') }}
),

moved as (
    select
        ticket_key,
        source,
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
        source,
        {{ texts_of_list('tags') }} as tag
    from tickets
    where tags is not null
),

unioned as (
    select
        listed.ticket_key,
        listed.source,
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
        source,
        tag
    from moved
    where recency = 1 and is_added
),

mapped as (
    select distinct
        unioned.ticket_key,
        unioned.tag,
        recovery_tags.target as recovery_tag
    from unioned
    inner join sources on unioned.source = sources.source
    left join recovery_tags
        on sources.kind = recovery_tags.kind and unioned.tag = recovery_tags.source_value
)

select * from mapped
