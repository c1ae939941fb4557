-- Admins as they are listed now, and whoever else answered: bots, and admins who have left.
with

admins as (
    {{ newest_documents(source('landed', 'intercom_admins')) }}
),

teams as (
    {{ newest_documents(source('landed', 'intercom_teams')) }}
),

parts as (
    select * from {{ ref('stg_intercom__parts') }}
    where author_id is not null and author_kind in ('human_agent', 'ai_agent', 'automation')
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'intercom' and signal = 'author_name'
),

listed as (
    select
        source,
        _key as agent_id,
        {{ json_text('payload', '$.name') }} as name,
        loaded_at
    from admins
    where row_rank = 1 and not _is_deleted
),

memberships as (
    select
        source,
        {{ json_text('payload', '$.name') }} as team,
        {{ texts_of_list(json_list('payload', '$.admin_ids')) }} as agent_id
    from teams
    where row_rank = 1 and not _is_deleted
),

-- Of several teams the first by name.
first_teams as (
    select
        source,
        agent_id,
        min(team) as team
    from memberships
    group by source, agent_id
),

authors as (
    select
        source,
        author_id as agent_id,
        {{ value_at_last('author_name', 'occurred_at') }} as name,
        {{ any_true("author_kind = 'ai_agent'") }} as is_ai,
        {{ any_true("author_type = 'bot'") }} as is_bot,
        min(loaded_at) as loaded_at
    from parts
    group by source, author_id
),

joined as (
    select
        coalesce(listed.source, authors.source) as source,
        coalesce(listed.agent_id, authors.agent_id) as agent_id,
        coalesce(listed.name, authors.name) as name,
        coalesce(authors.is_ai, false) as is_ai,
        coalesce(authors.is_bot, false) as is_bot,
        coalesce(listed.loaded_at, authors.loaded_at) as loaded_at
    from listed
    full outer join authors
        on listed.source = authors.source and listed.agent_id = authors.agent_id
),

renamed as (
    select
        joined.source,
        joined.agent_id,
        joined.name,
        case
            when joined.is_ai then 'ai_agent'
            when signals.target is not null then signals.target
            when joined.is_bot then 'automation'
            else 'human_agent'
        end as kind,
        {{ segment_text('first_teams.team') }} as team,
        cast(null as timestamptz) as active_from,
        cast(null as timestamptz) as active_to,
        joined.loaded_at
    from joined
    left join first_teams
        on joined.source = first_teams.source and joined.agent_id = first_teams.agent_id
    left join signals on lower(trim(joined.name)) = signals.source_value
)

select * from renamed
