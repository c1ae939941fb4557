-- People and bots. Who answers customers is an agent, an AI agent where a map names its tag or name.
-- Zendesk turns an agent who leaves into an end user: whoever was assigned a ticket was one.
with

people as (
    select * from {{ ref('stg_zendesk__people') }}
),

groups as (
    {{ newest_documents(source('landed', 'zendesk_groups')) }}
),

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'zendesk'
),

named_groups as (
    select
        source,
        _key as group_id,
        {{ json_text('payload', '$.name') }} as group_name
    from groups
    where row_rank = 1
),

assignees as (
    select distinct
        source,
        new_value as user_id
    from changes
    where field_name = 'assignee_id' and new_value is not null
),

tagged as (
    select
        source,
        user_id,
        {{ items_of('tags') }} as tag
    from people
    where role <> 'end-user'
),

bots as (
    select
        tagged.source,
        tagged.user_id,
        signals.target
    from tagged
    inner join signals
        on signals.signal = 'user_tag' and tagged.tag = signals.source_value

    union

    select
        people.source,
        people.user_id,
        signals.target
    from people
    inner join signals
        on signals.signal = 'user_name' and lower(trim(people.user_name)) = signals.source_value
    where people.role <> 'end-user'
),

bot_kinds as (
    select
        source,
        user_id,
        min(target) as kind
    from bots
    group by source, user_id
),

joined as (
    select
        people.source,
        people.user_id,
        people.user_name,
        people.email,
        people.phone,
        people.created_at,
        coalesce(people.role, 'end-user') <> 'end-user' or assignees.user_id is not null as is_agent,
        people.is_test,
        people.is_internal,
        coalesce(bot_kinds.kind, 'human_agent') as agent_kind,
        {{ segment_text('named_groups.group_name') }} as team,
        people.loaded_at
    from people
    left join assignees
        on people.source = assignees.source and people.user_id = assignees.user_id
    left join bot_kinds on people.source = bot_kinds.source and people.user_id = bot_kinds.user_id
    left join named_groups
        on people.source = named_groups.source and people.group_id = named_groups.group_id
)

select * from joined
