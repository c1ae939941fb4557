-- Agents and contacts. Who leaves the team becomes a contact: whoever was an agent, was responsible
-- for a ticket or wrote for the shop is one still. An AI agent is one whose name, title or id the
-- map knows.
with

people as (
    select * from {{ ref('stg_freshdesk__people') }}
),

groups as (
    {{ newest_documents(source('landed', 'freshdesk_groups')) }}
),

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
),

conversations as (
    select * from {{ ref('stg_freshdesk__conversations') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'freshdesk'
),

named_groups as (
    select
        source,
        _key as group_id,
        {{ json_text('payload', '$.name') }} as group_name
    from groups
    where row_rank = 1
),

workers as (
    select
        source,
        assignee_id as user_id
    from versions
    where assignee_id is not null

    union

    select
        source,
        author_id as user_id
    from conversations
    where not is_incoming and author_id is not null
),

bots as (
    select
        people.source,
        people.user_id,
        min(signals.target) as kind
    from people
    inner join signals
        on (signals.signal = 'user_name' and lower(trim(people.user_name)) = signals.source_value)
        or (signals.signal = 'user_title' and lower(trim(people.title)) = signals.source_value)
        or (signals.signal = 'user_id' and people.user_id = signals.source_value)
    group by people.source, people.user_id
),

joined as (
    select
        people.source,
        people.user_id,
        people.user_name,
        people.email,
        people.phone,
        people.created_at,
        people.is_listed_agent or workers.user_id is not null as is_agent,
        people.is_test,
        people.is_internal,
        coalesce(bots.kind, 'human_agent') as agent_kind,
        {{ segment_text('named_groups.group_name') }} as team,
        people.loaded_at
    from people
    left join workers on people.source = workers.source and people.user_id = workers.user_id
    left join bots on people.source = bots.source and people.user_id = bots.user_id
    left join named_groups
        on people.source = named_groups.source and people.group_id = named_groups.group_id
)

select * from joined
