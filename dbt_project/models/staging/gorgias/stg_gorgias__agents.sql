-- Bots are told by a map, of their names and of the role that Gorgias gives them.
with

users as (
    {{ newest_documents(source('landed', 'gorgias_users')) }}
),

teams as (
    {{ newest_documents(source('landed', 'gorgias_teams')) }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'gorgias'
),

read as (
    select
        source,
        _key as user_id,
        {{ json_text('payload', '$.name') }} as user_name,
        lower({{ json_text('payload', '$.role.name') }}) as role,
        {{ utc_instant_of('payload', '$.deactivated_datetime') }} as deactivated_at,
        loaded_at
    from users
    where row_rank = 1 and not _is_deleted
),

members as (
    select
        source,
        {{ json_text('payload', '$.name') }} as team,
        {{ json_items('payload', '$.members') }} as member
    from teams
    where row_rank = 1 and not _is_deleted
),

-- Who is in several teams counts for the first by name.
teams_of as (
    select
        source,
        {{ json_text('member', '$.id') }} as user_id,
        min(team) as team
    from members
    group by source, {{ json_text('member', '$.id') }}
),

bots as (
    select
        read.source,
        read.user_id,
        min(signals.target) as kind
    from read
    inner join signals
        on (signals.signal = 'user_name' and lower(trim(read.user_name)) = signals.source_value)
        or (signals.signal = 'user_role' and read.role = signals.source_value)
    group by read.source, read.user_id
),

renamed as (
    select
        read.source,
        read.user_id as agent_id,
        read.user_name as name,
        coalesce(bots.kind, 'human_agent') as kind,
        {{ segment_text('teams_of.team') }} as team,
        cast(null as timestamptz) as active_from,
        read.deactivated_at as active_to,
        read.loaded_at
    from read
    left join bots on read.source = bots.source and read.user_id = bots.user_id
    left join teams_of on read.source = teams_of.source and read.user_id = teams_of.user_id
)

select * from renamed
