-- One row each time a ticket enters the resolved state, with how long it stayed there and what had
-- been said until then.
with

timeline as (
    select * from {{ changed('int_timeline') }}
),

conversation as (
    select * from {{ changed('int_conversation') }}
),

tickets as (
    select * from {{ changed('fct_tickets') }}
),

time_entries as (
    select * from {{ changed('int_time_entries') }}
),

handle_methods as (
    select * from {{ changed('int_handle_methods') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

spoken as (
    select
        timeline.*,
        sum(case when conversation.is_turn_start and conversation.kind = 'ai_reply' then 1 else 0 end)
            over (
                partition by timeline.ticket_key order by timeline.row_no
                rows between unbounded preceding and current row
            ) as turns_ai,
        sum(case when conversation.is_turn_start and conversation.kind = 'human_reply'
            then 1 else 0 end) over (
                partition by timeline.ticket_key order by timeline.row_no
                rows between unbounded preceding and current row
            ) as turns_human,
        sum(case when conversation.kind <> 'customer' then 1 else 0 end) over (
            partition by timeline.ticket_key order by timeline.row_no
            rows between unbounded preceding and current row
        ) as replies,
        min(case when timeline.is_return or timeline.is_opening then timeline.occurred_at end) over (
            partition by timeline.ticket_key order by timeline.row_no
            rows between 1 following and unbounded following
        ) as resolved_until,
        -- A reopen is a new episode or an agent's return; thanks are neither (K5).
        min(case when timeline.is_opening or timeline.is_carry then timeline.occurred_at end) over (
            partition by timeline.ticket_key order by timeline.row_no
            rows between 1 following and unbounded following
        ) as reopened_at
    from timeline
    left join conversation
        on timeline.ticket_key = conversation.ticket_key
        and timeline.row_no = conversation.row_no
),

entries as (
    select
        *,
        row_number() over (partition by ticket_key order by row_no) as resolve_seq
    from spoken
    where is_entry
),

-- Human work up to each resolve, by the best method that the ticket has (S8).
worked as (
    select
        entries.ticket_key,
        entries.resolve_seq,
        handle_methods.handle_time_method,
        cast(sum(time_entries.seconds) as bigint) as handle_time_s
    from entries
    inner join handle_methods on entries.ticket_key = handle_methods.ticket_key
    inner join time_entries
        on entries.ticket_key = time_entries.ticket_key
        and handle_methods.method_rank = time_entries.method_rank
        and entries.occurred_at >= time_entries.started_at
    group by entries.ticket_key, entries.resolve_seq, handle_methods.handle_time_method
),

joined as (
    select
        entries.ticket_key,
        tickets.ticket_id,
        cast(entries.resolve_seq as integer) as resolve_seq,
        entries.episode_seq,
        entries.occurred_at as resolved_at,
        entries.resolved_until,
        case when sources.has_reopens then entries.reopened_at end as reopened_at,
        entries.actor_key as resolved_by_key,
        entries.actor_kind as resolved_by_kind,
        sources.has_reopens as is_reopen_known,
        tickets.source,
        tickets.customer_key,
        tickets.is_countable,
        tickets.is_sync,
        case when sources.has_messages then cast(entries.turns_ai as bigint) end as turns_ai,
        case when sources.has_messages then cast(entries.turns_human as bigint) end as turns_human,
        case when sources.has_messages then cast(entries.replies as bigint) end as replies,
        case when tickets.handling <> 'ai_only' then worked.handle_time_s end as handle_time_s,
        case when tickets.handling <> 'ai_only' then worked.handle_time_method end
            as handle_time_method,
        tickets.handling,
        tickets.handling_side,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from entries
    inner join tickets on entries.ticket_key = tickets.ticket_key
    inner join sources on tickets.source = sources.source
    left join worked
        on entries.ticket_key = worked.ticket_key
        and entries.resolve_seq = worked.resolve_seq
)

select * from joined
