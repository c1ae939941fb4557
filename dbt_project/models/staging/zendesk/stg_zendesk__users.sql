-- People and bots. Who answers customers is an agent, an AI agent where a map names its tag or name.
-- Zendesk turns an agent who leaves into an end user: whoever was assigned a ticket was one.
with

users as (
    {{ newest_documents(source('landed', 'zendesk_users')) }}
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

read as (
    select
        source,
        _key as user_id,
        {{ json_text('payload', '$.role') }} as role,
        {{ json_text('payload', '$.name') }} as user_name,
        lower(trim({{ json_text('payload', '$.email') }})) as email,
        trim({{ json_text('payload', '$.phone') }}) as phone,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ json_text('payload', '$.default_group_id') }} as group_id,
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        loaded_at
    from users
    where row_rank = 1 and not _is_deleted
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
        {{ texts_of_list('tags') }} as tag
    from read
    where tags is not null and role <> 'end-user'
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
        read.source,
        read.user_id,
        signals.target
    from read
    inner join signals
        on signals.signal = 'user_name' and lower(trim(read.user_name)) = signals.source_value
    where read.role <> 'end-user'
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
        read.source,
        read.user_id,
        read.user_name,
        read.email,
        read.phone,
        read.created_at,
        coalesce(read.role, 'end-user') <> 'end-user' or assignees.user_id is not null as is_agent,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        coalesce({{ has_item('read.tags', 'internal') }}, false) as is_internal,
        coalesce(bot_kinds.kind, 'human_agent') as agent_kind,
        {{ segment_text('named_groups.group_name') }} as team,
        read.loaded_at
    from read
    left join assignees
        on read.source = assignees.source and read.user_id = assignees.user_id
    left join bot_kinds on read.source = bot_kinds.source and read.user_id = bot_kinds.user_id
    left join named_groups
        on read.source = named_groups.source and read.group_id = named_groups.group_id
)

select * from joined
