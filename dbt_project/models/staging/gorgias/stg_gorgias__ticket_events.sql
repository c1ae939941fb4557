-- What happened to a ticket. Tags of the AI agent that a map knows tell of its handoffs and
-- outcomes. Gorgias closes what others resolve, and opens it again when the customer writes.
with

events as (
    select * from {{ ref('stg_gorgias__events') }}
),

ticket_merges as (
    select * from {{ ref('stg_gorgias__ticket_merges') }}
),

tags as (
    {{ newest_documents(source('landed', 'gorgias_tags')) }}
),

teams as (
    {{ newest_documents(source('landed', 'gorgias_teams')) }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'gorgias' and signal = 'ticket_tag'
),

-- A tag that is deleted keeps the name that it had.
named_tags as (
    select
        source,
        _key as tag_id,
        {{ value_at_first("lower(trim(" ~ json_text('payload', '$.name') ~ "))", 'row_rank') }}
            as tag
    from tags
    where payload is not null
    group by source, _key
),

named_teams as (
    select
        source,
        _key as team_id,
        {{ value_at_first(json_text('payload', '$.name'), 'row_rank') }} as team
    from teams
    where payload is not null
    group by source, _key
),

plain as (
    select
        source, ticket_id, event_id, 'event' as part, occurred_at,
        case type
            when 'ticket-created' then 'created'
            when 'ticket-closed' then 'resolved'
            when 'ticket-reopened' then 'reopened'
            when 'ticket-snoozed' then 'snoozed'
            when 'ticket-self-unsnoozed' then 'unsnoozed'
            when 'ticket-unassigned' then 'unassigned'
            when 'ticket-marked-spam' then 'spam_marked'
            when 'ticket-unmarked-spam' then 'spam_unmarked'
            when 'ticket-trashed' then 'trashed'
            when 'ticket-untrashed' then 'restored'
            when 'satisfaction-survey-sent' then 'survey_sent'
            when 'satisfaction-survey-responded' then 'survey_answered'
        end as event_type,
        cast(null as varchar) as to_value, actor_kind, actor_id, loaded_at
    from events
),

assignments as (
    select
        source, ticket_id, event_id, 'assignee' as part, occurred_at, 'assigned' as event_type,
        assignee_id as to_value, actor_kind, actor_id, loaded_at
    from events
    where type = 'ticket-assigned'
),

team_assignments as (
    select
        events.source, events.ticket_id, events.event_id, 'team' as part, events.occurred_at,
        'assigned' as event_type, named_teams.team as to_value, events.actor_kind,
        events.actor_id, events.loaded_at
    from events
    inner join named_teams
        on events.source = named_teams.source
        and events.team_id = named_teams.team_id
    where events.type = 'ticket-team-assigned'
),

splits as (
    select
        source, ticket_id, event_id, 'split' as part, occurred_at, 'split_from' as event_type,
        split_from as to_value, actor_kind, actor_id, loaded_at
    from events
    where type = 'ticket-created'
        and split_from is not null
),

changed_tags as (
    select
        *,
        'tag_added' as event_type,
        {{ items_of('tags_added') }} as tag_id
    from events
    where type = 'ticket-tags-added'

    union all

    select
        *,
        'tag_removed' as event_type,
        {{ items_of('tags_removed') }} as tag_id
    from events
    where type = 'ticket-tags-removed'
),

tag_changes as (
    select
        changed_tags.source, changed_tags.ticket_id, changed_tags.event_id,
        'tag|' || changed_tags.tag_id as part, changed_tags.occurred_at, changed_tags.event_type,
        coalesce(named_tags.tag, changed_tags.tag_id) as to_value, changed_tags.actor_kind,
        changed_tags.actor_id, changed_tags.loaded_at
    from changed_tags
    left join named_tags
        on changed_tags.source = named_tags.source and changed_tags.tag_id = named_tags.tag_id
),

ai_signals as (
    select
        tag_changes.source, tag_changes.ticket_id, tag_changes.event_id,
        'ai|' || tag_changes.to_value as part, tag_changes.occurred_at,
        split_part(signals.target, ':', 1) as event_type,
        nullif(split_part(signals.target, ':', 2), '') as to_value, tag_changes.actor_kind,
        tag_changes.actor_id, tag_changes.loaded_at
    from tag_changes
    inner join signals on tag_changes.to_value = signals.source_value
    where tag_changes.event_type = 'tag_added'
),

merged as (
    select
        source, ticket_id, ticket_id as event_id, 'merge' as part, occurred_at,
        'merged_into' as event_type, merged_into as to_value, actor_kind, actor_id, loaded_at
    from ticket_merges
),

unioned as (
    select * from plain
    where event_type is not null
    union all
    select * from assignments
    union all
    select * from team_assignments
    union all
    select * from splits
    union all
    select * from tag_changes
    union all
    select * from ai_signals
    union all
    select * from merged
),

renamed as (
    select
        source,
        event_id || '|' || part as event_id,
        ticket_id,
        occurred_at,
        event_type,
        cast(null as varchar) as from_value,
        to_value,
        case when event_type = 'handoff' then to_value end as reason,
        actor_kind,
        actor_id,
        try_cast(event_id as bigint) as seq,
        loaded_at
    from unioned
)

select * from renamed
