{{ config(tags='live') }}
-- Agents as listed, else derived from the ids that speak, act, are assigned, log time or have a
-- shift; of whom nothing else is known, that is a person. Who only speaks after data_as_of is nobody
-- yet (K10); a shift to come is a plan.
with

agents as (
    select * from {{ ref('int_source_agents') }}
),

messages as (
    select * from {{ ref('int_source_messages') }}
),

ticket_events as (
    select * from {{ ref('int_source_ticket_events') }}
),

tickets as (
    select * from {{ ref('int_source_tickets') }}
),

time_entries as (
    select * from {{ ref('int_source_time_entries') }}
),

rosters as (
    select * from {{ ref('stg_files__rosters') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

seen as (
    select source, author_id as agent_id, author_kind as kind
    from messages
    cross join account
    where author_kind in ('human_agent', 'ai_agent') and author_id is not null
        and messages.sent_at <= account.data_as_of

    union all

    select source, actor_id as agent_id, actor_kind as kind
    from ticket_events
    cross join account
    where actor_kind in ('human_agent', 'ai_agent') and actor_id is not null
        and ticket_events.occurred_at <= account.data_as_of

    union all

    select source, assignee_id as agent_id, null as kind
    from tickets
    where assignee_id is not null

    union all

    select source, agent_id, null as kind
    from time_entries
    cross join account
    where time_entries.started_at <= account.data_as_of

    union all

    select source, agent_id, null as kind
    from rosters
),

derived as (
    select
        seen.source,
        seen.agent_id,
        coalesce(max(seen.kind), 'human_agent') as kind
    from seen
    left join agents on seen.source = agents.source and seen.agent_id = agents.agent_id
    where agents.agent_id is null
    group by seen.source, seen.agent_id
),

unioned as (
    select
        source, agent_id, name, kind, team, active_from, active_to
    from agents

    union all

    select
        source, agent_id, agent_id as name, kind, null as team, null as active_from,
        null as active_to
    from derived
),

keyed as (
    select
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.agent_id']) }}
            as agent_key,
        unioned.source,
        account.account_id,
        unioned.agent_id as source_id,
        unioned.agent_id,
        unioned.name,
        unioned.kind as author_kind,
        unioned.team,
        unioned.active_to is null or unioned.active_to > account.data_as_of as is_active,
        unioned.active_from as valid_from,
        unioned.active_to as valid_to
    from unioned
    cross join account
)

select * from keyed
