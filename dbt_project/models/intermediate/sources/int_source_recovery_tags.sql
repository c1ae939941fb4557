-- Recovery tags (R2) that a source has ever told, on a ticket or by an event. A run with an as_of sees
-- no later ones.
with

tickets as (
    select * from {{ ref('int_source_tickets') }}
    where {{ is_seen('created_at') }} and tags <> '[]'
),

ticket_events as (
    select * from {{ ref('int_source_ticket_events') }}
    where event_type = 'tag_added' and {{ is_seen('occurred_at') }}
),

sources as (
    select * from {{ ref('stg_bookbag__sources') }}
),

recovery_tags as (
    select * from {{ ref('map_recovery_tag') }}
),

listed as (
    select
        source,
        {{ texts_of_list('tags') }} as tag
    from tickets
),

told as (
    select
        source,
        lower(trim(tag)) as tag
    from listed

    union

    select
        source,
        lower(trim(to_value)) as tag
    from ticket_events
),

known as (
    select distinct
        told.source,
        recovery_tags.target as recovery_tag
    from told
    inner join sources on told.source = sources.source
    inner join recovery_tags
        on sources.kind = recovery_tags.kind and told.tag = recovery_tags.source_value
    where recovery_tags.target <> 'saved'
)

select * from known
