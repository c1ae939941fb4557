-- Every event of a ticket, as the source says, with the state it sets; where a source has no event
-- log, the resolve that a ticket's columns tell, marked synthetic.
with

ticket_events as (
    select * from {{ changed('int_source_ticket_events', 'source, ticket_id') }}
),

tickets as (
    select * from {{ changed('int_source_tickets', 'source, ticket_id') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

resolves_from_columns as (
    select
        tickets.source,
        tickets.ticket_id,
        'column|' || tickets.ticket_id as event_id,
        'resolved' as event_type,
        null as from_value,
        null as to_value,
        null as reason,
        null as actor_kind,
        null as actor_id,
        tickets.resolved_at as occurred_at,
        cast(null as bigint) as seq,
        true as is_synthetic,
        tickets.loaded_at
    from tickets
    inner join sources on tickets.source = sources.source
    where tickets.resolved_at is not null and not sources.has_resolve_events
),

unioned as (
    select
        source, ticket_id, event_id, event_type, from_value, to_value, reason, actor_kind,
        actor_id, occurred_at, seq, false as is_synthetic, loaded_at
    from ticket_events

    union all

    select * from resolves_from_columns
),

keyed as (
    select
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.event_id']) }}
            as event_key,
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.ticket_id']) }}
            as ticket_key,
        unioned.source,
        account.account_id,
        unioned.event_id as source_id,
        unioned.ticket_id,
        unioned.event_type,
        unioned.from_value,
        unioned.to_value,
        coalesce(unioned.reason, case when unioned.event_type = 'handoff' then unioned.to_value end)
            as reason,
        case
            when unioned.event_type = 'resolved' then 'resolved'
            when unioned.event_type = 'closed' then 'closed'
            when unioned.event_type in ('reopened', 'unsnoozed') then 'open'
            when unioned.event_type = 'snoozed' then 'snoozed'
            when unioned.event_type = 'status_changed' and unioned.to_value = 'solved'
                then 'resolved'
            when unioned.event_type = 'status_changed' then unioned.to_value
        end as to_state,
        agents.agent_key as actor_key,
        coalesce(unioned.actor_kind, agents.author_kind) as actor_kind,
        unioned.occurred_at,
        unioned.loaded_at as observed_at,
        unioned.seq,
        unioned.is_synthetic,
        unioned.event_id as source_event_id,
        unioned.loaded_at
    from unioned
    cross join account
    left join agents on unioned.source = agents.source and unioned.actor_id = agents.agent_id
    where unioned.occurred_at <= account.data_as_of
)

select * from keyed
