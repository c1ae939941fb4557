-- What happened to a conversation: its parts, and what it says of itself with an instant. What its AI
-- agent came to has none: an outcome is told at the agent's last part, a handoff when a teammate or a
-- team took over after its last reply.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

parts as (
    select * from {{ ref('stg_intercom__parts') }}
),

applied_tags as (
    select * from {{ ref('stg_intercom__applied_tags') }}
),

state_changes as (
    select * from {{ ref('stg_intercom__state_changes') }}
),

ticket_merges as (
    select * from {{ ref('stg_intercom__ticket_merges') }}
),

teams as (
    {{ newest_documents(source('landed', 'intercom_teams')) }}
),

names as (
    select * from {{ ref('map_ticket_field') }}
    where kind = 'intercom' and target = 'category'
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'intercom' and signal = 'resolution_state'
),

named_teams as (
    select
        source,
        _key as team_id,
        {{ json_text('payload', '$.name') }} as team
    from teams
    where row_rank = 1
),

created as (
    select
        source, ticket_id, 'created' as part_id, 'created' as event_type, occurred_at,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, author_kind,
        author_id, cast(null as bigint) as seq, loaded_at
    from parts
    where part_type = 'source'
),

states as (
    select
        source, ticket_id, part_id || '|state' as part_id, event_type, occurred_at, from_value,
        to_value, author_kind, author_id, seq, loaded_at
    from state_changes
),

assignments as (
    select
        parts.source, parts.ticket_id, parts.part_id || '|assignee' as part_id,
        case when parts.assigned_type = 'nobody_admin' or parts.assigned_id = '0'
            then 'unassigned'
            else 'assigned'
        end as event_type,
        parts.occurred_at,
        cast(null as varchar) as from_value,
        case
            when parts.assigned_type = 'nobody_admin' or parts.assigned_id = '0' then null
            when parts.assigned_type = 'team' then coalesce(named_teams.team, parts.assigned_id)
            else parts.assigned_id
        end as to_value,
        parts.author_kind, parts.author_id, parts.seq, parts.loaded_at
    from parts
    left join named_teams
        on parts.source = named_teams.source and parts.assigned_id = named_teams.team_id
    where parts.assigned_type in ('admin', 'team', 'bot', 'nobody_admin')
),

categories as (
    select
        parts.source, parts.ticket_id, parts.part_id || '|category' as part_id,
        'category_set' as event_type, parts.occurred_at, parts.old_value as from_value,
        parts.new_value as to_value, parts.author_kind, parts.author_id, parts.seq, parts.loaded_at
    from parts
    inner join names on parts.attribute = names.source_value
    where parts.part_type like 'conversation\_attribute\_updated%' escape '\'
        and parts.new_value is not null
),

tags as (
    select
        source, ticket_id,
        'tag|' || tag as part_id, 'tag_added' as event_type, applied_at as occurred_at,
        cast(null as varchar) as from_value, tag as to_value,
        cast(null as varchar) as author_kind, applied_by as author_id,
        cast(null as bigint) as seq, loaded_at
    from applied_tags
),

surveys as (
    select
        source, ticket_id, 'survey_sent' as part_id, 'survey_sent' as event_type,
        rating_created_at as occurred_at,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value,
        'automation' as author_kind, cast(null as varchar) as author_id,
        cast(null as bigint) as seq, loaded_at
    from conversations

    union all

    select
        source, ticket_id, 'survey_answered' as part_id, 'survey_answered' as event_type,
        rating_updated_at as occurred_at,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value,
        'customer' as author_kind, cast(null as varchar) as author_id,
        cast(null as bigint) as seq, loaded_at
    from conversations
    where rating is not null
),

merged as (
    select
        source, ticket_id, part_id || '|merge' as part_id, 'merged_into' as event_type,
        occurred_at, cast(null as varchar) as from_value, merged_into as to_value, author_kind,
        author_id, seq, loaded_at
    from ticket_merges
),

deleted as (
    select
        source, ticket_id, 'deleted' as part_id, 'deleted' as event_type,
        deleted_at as occurred_at, cast(null as varchar) as from_value,
        cast(null as varchar) as to_value, cast(null as varchar) as author_kind,
        cast(null as varchar) as author_id, cast(null as bigint) as seq, loaded_at
    from conversations
    where is_deleted
),

told_by_ai as (
    select
        conversations.source,
        conversations.ticket_id,
        split_part(signals.target, ':', 1) as told,
        nullif(split_part(signals.target, ':', 2), '') as said,
        conversations.created_at,
        conversations.loaded_at
    from conversations
    inner join signals
        on conversations.resolution_state = signals.source_value
),

ai_parts as (
    select
        source,
        ticket_id,
        max(occurred_at) as last_at,
        max(case when is_message and part_type not like 'note%' then seq end) as last_reply_seq,
        {{ value_at_last('author_id', 'seq') }} as author_id
    from parts
    where author_kind = 'ai_agent'
    group by source, ticket_id
),

takeovers as (
    select
        parts.source,
        parts.ticket_id,
        min(parts.occurred_at) as taken_at
    from parts
    inner join ai_parts
        on parts.source = ai_parts.source
        and parts.ticket_id = ai_parts.ticket_id
        and parts.seq > ai_parts.last_reply_seq
    where parts.assigned_type in ('admin', 'team')
        or (parts.is_message and parts.author_kind = 'human_agent')
    group by parts.source, parts.ticket_id
),

ai_signals as (
    select
        told_by_ai.source, told_by_ai.ticket_id, 'ai|' || told_by_ai.told as part_id,
        told_by_ai.told as event_type,
        case when told_by_ai.told = 'handoff'
            then coalesce(takeovers.taken_at, ai_parts.last_at, told_by_ai.created_at)
            else coalesce(ai_parts.last_at, told_by_ai.created_at)
        end as occurred_at,
        cast(null as varchar) as from_value, told_by_ai.said as to_value,
        'ai_agent' as author_kind, ai_parts.author_id, cast(null as bigint) as seq,
        told_by_ai.loaded_at
    from told_by_ai
    left join ai_parts
        on told_by_ai.source = ai_parts.source and told_by_ai.ticket_id = ai_parts.ticket_id
    left join takeovers
        on told_by_ai.source = takeovers.source and told_by_ai.ticket_id = takeovers.ticket_id
),

unioned as (
    select * from created
    union all
    select * from states
    union all
    select * from assignments
    union all
    select * from categories
    union all
    select * from tags
    union all
    select * from surveys
    union all
    select * from merged
    union all
    select * from deleted
    union all
    select * from ai_signals
),

renamed as (
    select
        source,
        ticket_id || '|' || part_id as event_id,
        ticket_id,
        occurred_at,
        event_type,
        from_value,
        to_value,
        case when event_type = 'handoff' then to_value end as reason,
        author_kind as actor_kind,
        author_id as actor_id,
        seq,
        loaded_at
    from unioned
    where occurred_at is not null
)

select * from renamed
