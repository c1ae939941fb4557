-- Figures as other tools show them, one row a ticket, each by that tool's own rule. No KPI reads them.
-- A merged ticket keeps its own messages and events here, as it does in the helpdesk.
with

tickets as (
    select * from {{ changed('int_tickets') }}
),

messages as (
    select * from {{ changed('int_messages') }}
),

statuses as (
    select * from {{ changed('int_ticket_statuses') }}
),

timeline_rows as (
    select * from {{ changed('int_timeline_rows') }}
),

clock as (
    select * from {{ changed('int_ticket_clock') }}
),

hours as (
    select * from {{ ref('int_schedule_hours') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

own_messages as (
    select
        {{ surrogate_key(['source', 'account_id', 'source_ticket_id']) }} as ticket_key,
        source_id,
        sent_at,
        seq,
        author_key,
        author_kind,
        is_public,
        is_auto,
        is_synthetic,
        is_reply and author_kind = 'ai_agent' as is_ai_reply,
        is_reply and author_kind = 'human_agent' as is_agent_message,
        is_public and author_kind = 'human_agent' as is_agent_comment,
        is_public and author_kind = 'customer' as is_customer_comment
    from messages
),

numbered as (
    select
        *,
        row_number() over (
            partition by ticket_key
            order by sent_at, seq nulls last, source_id
        ) as message_no
    from own_messages
),

-- What an agent opens a ticket with answers nobody.
placed_messages as (
    select
        *,
        is_agent_message and (message_no > 1 or is_synthetic) as is_agent_reply,
        min(case when is_customer_comment then message_no end) over (partition by ticket_key)
            as first_customer_no
    from numbered
),

counted_messages as (
    select
        *,
        sum(case when is_agent_reply then 1 else 0 end) over (
            partition by ticket_key
            order by message_no
            rows between unbounded preceding and current row
        ) as reply_no
    from placed_messages
),

spoken as (
    select
        ticket_key,
        {{ value_at_first('author_kind', 'case when is_public and not is_auto then message_no end') }}
            as opened_by,
        min(case when is_customer_comment then sent_at end) as first_customer_at,
        min(case when is_agent_comment then sent_at end) as first_comment_at,
        min(case when is_agent_reply then sent_at end) as first_reply_at,
        min(case when is_agent_reply and reply_no = 2 then sent_at end) as second_reply_at,
        min(case when is_agent_message and message_no > first_customer_no then sent_at end)
            as first_answer_at,
        min(case when is_ai_reply then sent_at end) as first_ai_reply_at,
        min(case when is_ai_reply or (is_public and author_kind = 'automation') then sent_at end)
            as first_bot_at,
        min(case when author_kind = 'human_agent' then sent_at end) as first_human_at,
        {{ count_if('is_agent_comment') }} as agent_comments,
        {{ count_if('is_agent_reply') }} as agent_replies,
        {{ count_if('is_agent_message') }} as agent_messages,
        {{ count_if('is_agent_message and author_key is null') }} as unsigned_messages,
        count(distinct case when is_agent_message then author_key end) as teammates,
        {{ count_if('is_ai_reply') }} as ai_replies
    from counted_messages
    group by ticket_key
),

heard as (
    select
        statuses.*,
        spoken.first_answer_at,
        spoken.first_bot_at,
        spoken.first_human_at
    from statuses
    left join spoken on statuses.ticket_key = spoken.ticket_key
),

summed as (
    select
        ticket_key,
        max(case when kind = 'now' then state end) in ('resolved', 'closed') as is_solved,
        min(case when is_entry then raw_at end) as first_solved_at,
        max(case when is_entry then raw_at end) as last_solved_at,
        {{ count_if('is_entry') }} as closes,
        {{ count_if('is_return') }} as reopens,
        {{ count_if("is_change and to_state = 'resolved'") }} as status_solves,
        {{ count_if("is_change and to_state = 'closed'") }} as status_closes,
        coalesce(
            max(case when is_change and to_state = 'resolved' then raw_at end),
            max(case when is_change and to_state = 'closed' then raw_at end)
        ) as last_status_solve_at,
        sum(case when state in ('new', 'open') and not is_in_trash
            then {{ seconds_between('occurred_at', 'next_at') }} end) as working_s,
        {{ any_true("kind = 'state' and to_state in ('pending', 'on_hold')") }} as has_waited,
        {{ any_true("kind = 'handoff'") }} as has_handoff,
        max(case when kind = 'handoff' and raw_at <= first_answer_at then raw_at end)
            as handoff_before_answer_at,
        {{ any_true(
            'is_entry and raw_at >= first_bot_at'
            ' and (first_human_at is null or raw_at < first_human_at)'
        ) }} as is_bot_resolved
    from heard
    group by ticket_key
),

-- The one schedule that the helpdesk measures a first reply by: that in force when it came.
answered as (
    select
        clock.ticket_key,
        min(tickets.started_at) as started_at,
        min(spoken.first_reply_at) as first_reply_at,
        {{ value_at_last('clock.schedule', 'clock.row_no') }} as schedule
    from clock
    inner join timeline_rows
        on clock.ticket_key = timeline_rows.ticket_key and clock.row_no = timeline_rows.row_no
    inner join spoken on clock.ticket_key = spoken.ticket_key
    inner join tickets on clock.ticket_key = tickets.ticket_key
    where timeline_rows.occurred_at <= spoken.first_reply_at
    group by clock.ticket_key
),

-- Both ends of the wait, met with their hours in one join: two would be open to an order in which
-- every reply meets every hour of its schedule.
ends as (
    select ticket_key, schedule, 1 as is_reply, first_reply_at as end_at
    from answered

    union all

    select ticket_key, schedule, 0 as is_reply, started_at as end_at
    from answered
),

replied as (
    select
        ends.ticket_key,
        greatest(sum(
            case when ends.is_reply = 1 then 1 else -1 end
            * ({{ open_seconds_at('ends.end_at', 'hours') }})
        ), 0) as last_schedule_s
    from ends
    inner join hours
        on ends.schedule = hours.schedule and {{ hour_start('ends.end_at') }} = hours.hour_at
    group by ends.ticket_key
    having count(*) = 2
),

joined as (
    select
        tickets.ticket_key,
        tickets.ticket_id,
        tickets.source,
        tickets.started_at,
        tickets.is_sync,
        tickets.is_spam,
        tickets.is_deleted,
        tickets.is_merged_away,
        sources.has_messages,
        sources.has_events,
        sources.has_resolves,
        sources.has_resolve_events,
        sources.has_reopens,
        spoken.opened_by,
        spoken.first_customer_at,
        spoken.first_comment_at,
        spoken.first_reply_at,
        spoken.second_reply_at,
        spoken.first_answer_at,
        spoken.first_ai_reply_at,
        coalesce(spoken.agent_comments, 0) as agent_comments,
        coalesce(spoken.agent_replies, 0) as agent_replies,
        coalesce(spoken.agent_messages, 0) as agent_messages,
        coalesce(spoken.unsigned_messages, 0) as unsigned_messages,
        coalesce(spoken.teammates, 0) as teammates,
        coalesce(spoken.ai_replies, 0) as ai_replies,
        coalesce(summed.is_solved, false) as is_solved,
        summed.first_solved_at,
        summed.last_solved_at,
        summed.closes,
        summed.reopens,
        summed.status_solves,
        summed.status_closes,
        summed.last_status_solve_at,
        summed.working_s,
        summed.has_waited,
        summed.has_handoff,
        summed.handoff_before_answer_at,
        summed.is_bot_resolved,
        replied.last_schedule_s
    from tickets
    inner join sources on tickets.source = sources.source
    inner join summed on tickets.ticket_key = summed.ticket_key
    left join spoken on tickets.ticket_key = spoken.ticket_key
    left join replied on tickets.ticket_key = replied.ticket_key
),

timed as (
    select
        *,
        {{ duration_s('started_at', 'first_reply_at') }} as frt_zendesk_s,
        {{ duration_s('started_at', 'first_comment_at') }} as frt_dbt_zendesk_s,
        {{ duration_s('first_customer_at', 'first_answer_at') }} as frt_intercom_incl_bot_s,
        {{ duration_s(
            'greatest(first_customer_at, handoff_before_answer_at)', 'first_answer_at'
        ) }} as frt_intercom_excl_bot_s,
        {{ duration_s('started_at', 'first_solved_at') }} as first_resolution_zendesk_s,
        {{ duration_s('started_at', 'last_solved_at') }} as full_resolution_zendesk_s,
        {{ duration_s('started_at', 'last_status_solve_at') }} as full_resolution_dbt_zendesk_s,
        {{ duration_s('first_customer_at', 'last_solved_at') }} as full_resolution_gorgias_s
    from joined
),

compared as (
    select
        ticket_key,
        ticket_id,
        source,
        first_customer_at,
        first_reply_at as first_agent_reply_at,
        first_solved_at,
        last_solved_at,
        case when has_resolves then is_solved end as is_solved,
        not is_spam as is_created_counted_zendesk,
        not is_merged_away and not is_spam and not is_deleted as is_created_counted_freshdesk,
        not is_deleted as is_created_counted_gorgias,
        case when has_messages then first_customer_at is not null end
            as is_created_counted_intercom,
        not is_deleted as is_created_counted_chatwoot,
        case when has_messages and has_resolves then is_solved and agent_replies < 2 end
            as is_one_touch_zendesk,
        case when is_sync and has_messages and has_events and has_reopens
            then is_solved and agent_replies > 0 and not has_waited and reopens = 0
        end as is_one_touch_messaging_zendesk,
        case when has_messages and has_resolves then is_solved and agent_comments = 1 end
            as is_one_touch_dbt_zendesk,
        case when has_messages and has_resolves
            then coalesce(first_reply_at <= first_solved_at, false)
                and coalesce(second_reply_at > first_solved_at, true) end as is_one_touch_freshdesk,
        case when has_messages and has_resolves then is_solved and agent_replies = 1 end
            as is_one_touch_zoho,
        case
            when not has_messages or not has_resolve_events then null
            when closes <> 1 or agent_messages = 0 or teammates > 1 then false
            when agent_messages = 1 or unsigned_messages = 0 then true
        end as is_closed_once_one_teammate_intercom,
        case when has_reopens then reopens end as count_reopens_zendesk,
        case
            when not has_resolve_events or status_solves + status_closes = 0 then null
            when status_solves > 0 then status_solves - 1
            else status_closes - 1
        end as count_reopens_dbt_zendesk,
        case when has_resolve_events then closes end as closes_intercom,
        frt_zendesk_s,
        case when frt_zendesk_s is not null then cast(last_schedule_s as bigint) end
            as frt_last_schedule_biz_s,
        frt_dbt_zendesk_s,
        case when opened_by <> 'human_agent' then frt_intercom_incl_bot_s end as frt_gorgias_s,
        frt_intercom_incl_bot_s,
        case when handoff_before_answer_at is not null
            or coalesce(first_ai_reply_at >= first_answer_at, true)
            then frt_intercom_excl_bot_s end as frt_intercom_excl_bot_s,
        first_resolution_zendesk_s,
        full_resolution_zendesk_s,
        full_resolution_dbt_zendesk_s,
        case when is_solved then full_resolution_gorgias_s end as full_resolution_gorgias_s,
        case when has_events and has_resolves and started_at is not null
            then cast(coalesce(working_s, 0) as bigint) end as agent_work_time_dbt_zendesk_s,
        case when has_messages and (ai_replies > 0 or has_handoff)
            then not has_handoff and agent_messages = 0 end as is_deflected_intercom,
        case when has_messages and has_resolves then is_bot_resolved end
            as is_bot_resolved_chatwoot,
        case when has_messages then ai_replies * 120 end as handle_time_chatwoot_saved_s
    from timed
)

select * from compared
