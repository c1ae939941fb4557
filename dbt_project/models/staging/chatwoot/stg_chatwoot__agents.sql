-- Who left keeps the name that was last seen. A bot is what the map says of its name, else of its
-- type.
with

users as (
    {{ newest_documents(source('landed', 'chatwoot_agents')) }}
),

agent_bots as (
    {{ newest_documents(source('landed', 'chatwoot_agent_bots')) }}
),

teams as (
    {{ newest_documents(source('landed', 'chatwoot_teams')) }}
),

team_members as (
    {{ newest_documents(source('landed', 'chatwoot_team_members')) }}
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
    where sender_type in ('user', 'agentbot', 'captain::assistant') and sender_id is not null
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'chatwoot'
),

memberships as (
    select
        source,
        _key as team_id,
        {{ json_items('payload', '$.members') }} as member
    from team_members
    where row_rank = 1 and not _is_deleted
),

-- Who is in several teams counts for the first by name.
teams_of as (
    select
        memberships.source,
        {{ json_text('memberships.member', '$.id') }} as agent_id,
        min({{ json_text('teams.payload', '$.name') }}) as team
    from memberships
    inner join teams
        on memberships.source = teams.source and memberships.team_id = teams._key
        and teams.row_rank = 1
    group by memberships.source, {{ json_text('memberships.member', '$.id') }}
),

listed as (
    select source, _key as agent_id, 'user' as agent_type, payload, row_rank, loaded_at
    from users
    where payload is not null

    union all

    select
        source, 'agentbot|' || _key as agent_id, 'agentbot' as agent_type, payload, row_rank,
        loaded_at
    from agent_bots
    where payload is not null
),

listed_names as (
    select
        source,
        agent_id,
        agent_type,
        {{ value_at_first(json_text('payload', '$.name'), 'row_rank') }} as name,
        max(loaded_at) as loaded_at
    from listed
    group by source, agent_id, agent_type
),

written_names as (
    select
        source,
        author_id as agent_id,
        sender_type as agent_type,
        {{ value_at_last('sender_name', 'sent_at') }} as name,
        max(loaded_at) as loaded_at
    from entries
    group by source, author_id, sender_type
),

everybody as (
    select * from listed_names

    union all

    select written_names.*
    from written_names
    left join listed_names
        on written_names.source = listed_names.source
        and written_names.agent_id = listed_names.agent_id
    where listed_names.agent_id is null
),

by_name as (
    select * from signals
    where signal = 'user_name'
),

by_type as (
    select * from signals
    where signal = 'sender_type'
),

renamed as (
    select
        everybody.source,
        everybody.agent_id,
        everybody.name,
        coalesce(by_name.target, by_type.target, 'human_agent') as kind,
        {{ segment_text('teams_of.team') }} as team,
        cast(null as timestamptz) as active_from,
        cast(null as timestamptz) as active_to,
        everybody.loaded_at
    from everybody
    left join teams_of
        on everybody.source = teams_of.source and everybody.agent_id = teams_of.agent_id
    left join by_name on lower(trim(everybody.name)) = by_name.source_value
    left join by_type on everybody.agent_type = by_type.source_value
)

select * from renamed
