-- What a human spent on a ticket: as the helpdesk tracked or counted it, and as sessions estimated
-- from what the agent did there (S8): actions at most 10 minutes apart, and 2 minutes after the last.
with

time_entries as (
    select * from {{ changed('int_source_time_entries', 'source, ticket_id') }}
),

messages as (
    select * from {{ changed('int_messages') }}
    where author_kind = 'human_agent' and not is_synthetic
),

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
    where actor_kind = 'human_agent' and not is_synthetic
),

-- Of a ticket without messages nothing happens before its creation: that clock is wrong.
openings as (
    select
        ticket_key,
        started_at
    from {{ changed('int_tickets') }}
    where not has_messages
),

agents as (
    select * from {{ ref('int_agents') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

given as (
    select
        {{ surrogate_key(['time_entries.source', 'account.account_id', 'time_entries.entry_id']) }}
            as entry_key,
        {{ surrogate_key(['time_entries.source', 'account.account_id', 'time_entries.ticket_id']) }}
            as ticket_key,
        agents.agent_key,
        time_entries.method,
        time_entries.started_at,
        cast(time_entries.seconds as bigint) as seconds
    from time_entries
    cross join account
    left join agents
        on time_entries.source = agents.source and time_entries.agent_id = agents.agent_id
    where time_entries.started_at <= account.data_as_of
        and coalesce(agents.author_kind, 'human_agent') = 'human_agent'
),

told as (
    select ticket_key, author_key as agent_key, sent_at as acted_at
    from messages

    union all

    select ticket_key, actor_key as agent_key, occurred_at as acted_at
    from ticket_events
),

actions as (
    select
        told.ticket_key,
        told.agent_key,
        greatest(told.acted_at, openings.started_at) as acted_at
    from told
    left join openings on told.ticket_key = openings.ticket_key
),

followed as (
    select
        *,
        lag(acted_at) over (partition by ticket_key, agent_key order by acted_at) as acted_before_at
    from actions
),

-- Actions of one second share a session, whichever comes first.
numbered as (
    select
        *,
        sum(case when {{ seconds_between('acted_before_at', 'acted_at') }} <= 600 then 0 else 1 end)
            over (
                partition by ticket_key, agent_key order by acted_at
                range between unbounded preceding and current row
            ) as session_seq
    from followed
),

sessions as (
    select
        {{ surrogate_key(['ticket_key', 'agent_key', 'session_seq']) }} as entry_key,
        ticket_key,
        agent_key,
        'estimated' as method,
        min(acted_at) as started_at,
        least({{ seconds_between('min(acted_at)', 'max(acted_at)') }} + 120, 3600) as seconds
    from numbered
    group by ticket_key, agent_key, session_seq
),

unioned as (
    select * from given

    union all

    select * from sessions
)

select
    *,
    case method when 'tracked' then 1 when 'helpdesk' then 2 else 3 end as method_rank
from unioned
