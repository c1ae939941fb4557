-- One row each time a human agent is credited with something (trap X17): a reply to its sender, a
-- resolve to who did it or else to the assignee then, handle time to whose it is, a rating to the last
-- human replier before the survey, a first contact to the last human replier of the episode.
with

messages as (
    select * from {{ ref('int_messages') }}
    where is_reply and author_kind = 'human_agent'
),

conversation as (
    select * from {{ ref('int_conversation') }}
    where kind = 'human_reply'
),

time_entries as (
    select * from {{ ref('int_time_entries') }}
),

handle_methods as (
    select * from {{ ref('int_handle_methods') }}
),

resolves as (
    select * from {{ ref('fct_resolves') }}
    where is_countable
),

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and score_5 is not null and not coalesce(is_ai_side, false)
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable and is_fcr is not null
),

tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable
),

ticket_events as (
    select * from {{ ref('int_ticket_events') }}
    where event_type in ('assigned', 'unassigned')
),

everyone as (
    select * from {{ ref('int_agents') }}
),

agents as (
    select * from {{ ref('dim_agents') }}
    where author_kind = 'human_agent'
),

-- By the ticket's best method, up to each resolve, as S8 has it for the ticket as a whole.
handled as (
    select
        resolves.ticket_key,
        resolves.resolve_seq,
        time_entries.agent_key,
        sum(time_entries.seconds) as handle_time_s
    from resolves
    inner join handle_methods on resolves.ticket_key = handle_methods.ticket_key
    inner join time_entries
        on resolves.ticket_key = time_entries.ticket_key
        and handle_methods.method_rank = time_entries.method_rank
        and resolves.resolved_at >= time_entries.started_at
    where resolves.handling <> 'ai_only'
    group by resolves.ticket_key, resolves.resolve_seq, time_entries.agent_key
),

-- Whose ticket it was at a resolve that names nobody; a team is no agent. Where assignments are told
-- at all, the ticket's column (whose it is today) says nothing of then.
assignments as (
    select
        resolves.ticket_key,
        resolves.resolve_seq,
        everyone.agent_key,
        ticket_events.occurred_at <= resolves.resolved_at as is_before,
        row_number() over (
            partition by resolves.ticket_key, resolves.resolve_seq
            order by
                case when ticket_events.occurred_at <= resolves.resolved_at then 0 else 1 end,
                ticket_events.occurred_at desc,
                ticket_events.seq desc nulls first,
                ticket_events.source_id desc
        ) as recency
    from resolves
    inner join ticket_events on resolves.ticket_key = ticket_events.ticket_key
    left join everyone
        on ticket_events.source = everyone.source
        and ticket_events.event_type = 'assigned'
        and ticket_events.to_value = everyone.agent_id
    where resolves.resolved_by_key is null
),

last_repliers as (
    select
        ticket_key,
        episode_seq,
        {{ value_at_last('actor_key', 'row_no') }} as agent_key
    from conversation
    group by ticket_key, episode_seq
),

credited as (
    select
        'reply' as kind, messages.author_key as agent_key, messages.ticket_key,
        messages.sent_at as happened_at, cast(null as timestamptz) as holds_until_at,
        cast(null as double) as amount, cast(null as boolean) as is_reopened, tickets.channel,
        tickets.category, tickets.handling, tickets.handling_side
    from messages
    inner join tickets on messages.ticket_key = tickets.ticket_key

    union all

    select
        'resolve' as kind,
        case
            when resolves.resolved_by_key is not null then resolves.resolved_by_key
            when assignments.ticket_key is null then tickets.assignee_key
            when assignments.is_before then assignments.agent_key
        end as agent_key,
        resolves.ticket_key, resolves.resolved_at as happened_at,
        resolves.resolved_until as holds_until_at, resolves.turns_ai + resolves.turns_human as amount,
        case when resolves.is_reopen_known then resolves.reopened_at is not null end as is_reopened,
        resolves.channel, resolves.category, resolves.handling, resolves.handling_side
    from resolves
    inner join tickets on resolves.ticket_key = tickets.ticket_key
    left join assignments
        on resolves.ticket_key = assignments.ticket_key
        and resolves.resolve_seq = assignments.resolve_seq
        and assignments.recency = 1
    where coalesce(resolves.resolved_by_kind, 'human_agent') = 'human_agent'
        and (resolves.resolved_by_key is not null or resolves.resolved_by_kind is null)

    union all

    select
        'handle_time' as kind, handled.agent_key, handled.ticket_key,
        resolves.resolved_at as happened_at, resolves.resolved_until as holds_until_at,
        handled.handle_time_s as amount, null as is_reopened, resolves.channel, resolves.category,
        resolves.handling, resolves.handling_side
    from handled
    inner join resolves
        on handled.ticket_key = resolves.ticket_key and handled.resolve_seq = resolves.resolve_seq

    union all

    select
        'rating' as kind, agent_key, ticket_key, first_rated_at as happened_at,
        null as holds_until_at, score_5 as amount, null as is_reopened, channel, category, handling,
        handling_side
    from ratings

    union all

    select
        'first_contact' as kind, last_repliers.agent_key, episodes.ticket_key,
        episodes.resolved_at as happened_at, null as holds_until_at,
        case when episodes.is_fcr then 1 else 0 end as amount, null as is_reopened,
        episodes.channel, episodes.category, episodes.handling, episodes.handling_side
    from episodes
    inner join last_repliers
        on episodes.ticket_key = last_repliers.ticket_key
        and episodes.episode_seq = last_repliers.episode_seq
)

select credited.*
from credited
inner join agents on credited.agent_key = agents.agent_key
