-- A merge is told by the ticket that remains, which does not say what came into it; but messages
-- that were another ticket's are now its own. A ticket none of whose messages is left was merged.
with

messages as (
    select * from {{ ref('stg_gorgias__message_versions') }}
),

events as (
    select * from {{ ref('stg_gorgias__events') }}
    where type = 'ticket-merged'
),

standing as (
    select * from messages
    where row_rank = 1
),

moved as (
    select
        standing.source,
        messages.ticket_id,
        max(standing.ticket_id) as merged_into,
        min(standing.loaded_at) as loaded_at
    from standing
    inner join messages
        on standing.source = messages.source
        and standing.message_id = messages.message_id
        and standing.ticket_id <> messages.ticket_id
    group by standing.source, messages.ticket_id
),

emptied as (
    select moved.*
    from moved
    left join standing
        on moved.source = standing.source and moved.ticket_id = standing.ticket_id
    where standing.message_id is null
),

dated as (
    select
        emptied.source,
        emptied.ticket_id,
        emptied.merged_into,
        coalesce(max(events.occurred_at), emptied.loaded_at) as occurred_at,
        {{ value_at_last('events.actor_id', 'events.occurred_at') }} as actor_id,
        {{ value_at_last('events.actor_kind', 'events.occurred_at') }} as actor_kind,
        emptied.loaded_at
    from emptied
    left join events
        on emptied.source = events.source
        and emptied.merged_into = events.ticket_id
        and events.occurred_at <= emptied.loaded_at
    group by emptied.source, emptied.ticket_id, emptied.merged_into, emptied.loaded_at
)

select * from dated
