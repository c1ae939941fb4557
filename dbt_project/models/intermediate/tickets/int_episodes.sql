-- One row an episode: who spoke when, how it ended, and the clocks that its durations read.
with

timeline as (
    select * from {{ changed('int_timeline') }}
),

clock as (
    select * from {{ changed('int_ticket_clock') }}
),

conversation as (
    select * from {{ changed('int_conversation') }}
),

timed as (
    select
        timeline.ticket_key,
        timeline.episode_seq,
        timeline.row_no,
        timeline.occurred_at,
        timeline.raw_at,
        timeline.kind,
        timeline.to_value,
        timeline.actor_key,
        timeline.actor_kind,
        timeline.is_substantive,
        timeline.is_opening,
        timeline.is_closing,
        timeline.is_carry,
        clock.biz_clock_s,
        timeline.kind = 'handoff' and coalesce(timeline.actor_kind, 'unknown') <> 'human_agent'
            as is_handoff
    from timeline
    inner join clock
        on timeline.ticket_key = clock.ticket_key and timeline.row_no = clock.row_no
    where timeline.episode_seq > 0
),

-- What other rows of the episode are read against; joined back, since windows over each row would
-- hold all of them in memory.
marks as (
    select
        ticket_key,
        episode_seq,
        min(case when kind = 'handoff' and coalesce(actor_kind, 'unknown') <> 'human_agent'
            then occurred_at end) as handoff_at,
        min(case when kind = 'human_reply' then row_no end) as first_human_row,
        max(case when kind = 'ai_reply' then row_no end) as last_ai_row,
        max(case when is_carry then row_no end) as last_carry_row,
        max(case when is_closing then row_no end) as last_closing_row
    from timeline
    where episode_seq > 0
    group by ticket_key, episode_seq
),

-- The last AI reply before a human's first, and when the customer spoke after the last one of all.
ai_rows_before_human as (
    select
        timeline.ticket_key,
        timeline.episode_seq,
        max(timeline.row_no) as ai_row_before_human
    from timeline
    inner join marks
        on timeline.ticket_key = marks.ticket_key
        and timeline.episode_seq = marks.episode_seq
        and timeline.row_no < marks.first_human_row
    where timeline.kind = 'ai_reply'
    group by timeline.ticket_key, timeline.episode_seq
),

customers_after_ai as (
    select
        marks.ticket_key,
        marks.episode_seq,
        min(timeline.occurred_at) as customer_after_ai_at
    from marks
    inner join timeline
        on marks.ticket_key = timeline.ticket_key
        and marks.last_ai_row < timeline.row_no
    where timeline.kind = 'customer' and timeline.episode_seq > 0
    group by marks.ticket_key, marks.episode_seq
),

related as (
    select
        timed.*,
        marks.handoff_at,
        marks.first_human_row,
        marks.last_carry_row,
        marks.last_closing_row,
        ai_rows_before_human.ai_row_before_human
    from timed
    inner join marks
        on timed.ticket_key = marks.ticket_key and timed.episode_seq = marks.episode_seq
    left join ai_rows_before_human
        on timed.ticket_key = ai_rows_before_human.ticket_key
        and timed.episode_seq = ai_rows_before_human.episode_seq
),

summed as (
    select
        ticket_key,
        episode_seq,
        min(case when is_opening then occurred_at end) as opened_at,
        min(case when is_opening then biz_clock_s end) as opened_clock_s,
        max(case when row_no = last_closing_row and row_no > coalesce(last_carry_row, 0)
            then occurred_at end) as resolved_at,
        max(case when row_no = last_closing_row and row_no > coalesce(last_carry_row, 0)
            then raw_at end) as resolved_raw_at,
        max(case when row_no = last_closing_row and row_no > coalesce(last_carry_row, 0)
            then biz_clock_s end) as resolved_clock_s,
        max(case when row_no = last_closing_row and row_no > coalesce(last_carry_row, 0)
            then row_no end) as resolved_row,
        max(case when row_no = last_closing_row then coalesce(actor_kind, 'unknown') end)
            as closed_by_kind,
        max(case when row_no = last_closing_row then actor_key end) as closed_by_key,
        min(case when is_closing then occurred_at end) as first_closed_at,
        min(case when is_closing then raw_at end) as first_closed_raw_at,
        min(case when is_closing then biz_clock_s end) as first_closed_clock_s,
        {{ count_if("kind = 'ai_reply'") }} as ai_replies,
        {{ count_if("kind = 'human_reply'") }} as human_replies,
        {{ count_if("kind = 'ai_reply' and is_substantive") }} as substantive_ai_replies,
        {{ count_if("kind = 'automation_message'") }} as automation_messages,
        {{ count_if("kind = 'customer'") }} as customer_messages,
        min(case when kind in ('ai_reply', 'human_reply') then occurred_at end) as first_reply_at,
        min(case when kind in ('ai_reply', 'human_reply') then raw_at end) as first_reply_raw_at,
        min(case when kind in ('ai_reply', 'human_reply') then biz_clock_s end)
            as first_reply_clock_s,
        min(case when kind in ('ai_reply', 'human_reply') then row_no end) as first_reply_row,
        min(case when kind = 'ai_reply' then row_no end) as first_ai_row,
        min(case when kind = 'ai_reply' then occurred_at end) as first_ai_reply_at,
        min(case when kind = 'ai_reply' then biz_clock_s end) as first_ai_clock_s,
        max(case when kind = 'ai_reply' then occurred_at end) as last_ai_reply_at,
        min(case when kind = 'human_reply' then occurred_at end) as first_human_reply_at,
        min(case when kind = 'human_reply' then raw_at end) as first_human_raw_at,
        min(case when kind = 'human_reply' then biz_clock_s end) as first_human_clock_s,
        max(case when kind = 'human_reply' then row_no end) as last_human_row,
        min(handoff_at) as handoff_at,
        min(case when is_handoff then biz_clock_s end) as handoff_clock_s,
        min(case when is_handoff then row_no end) as handoff_row,
        min(case when kind = 'human_reply' and occurred_at >= handoff_at then occurred_at end)
            as handoff_responded_at,
        min(case when kind = 'human_reply' and occurred_at >= handoff_at then biz_clock_s end)
            as handoff_responded_clock_s,
        min(case when kind = 'customer' and row_no > ai_row_before_human
            and row_no < first_human_row then occurred_at end) as customer_between_at,
        min(case when kind = 'customer' and row_no > ai_row_before_human
            and row_no < first_human_row then biz_clock_s end) as customer_between_clock_s,
        {{ any_true("kind in ('resolve', 'ai_outcome') and to_value = 'abandoned'") }}
            as is_stated_abandoned,
        {{ any_true("kind in ('resolve', 'ai_outcome') and to_value = 'confirmed'") }}
            as is_stated_confirmed,
        {{ any_true("kind in ('resolve', 'ai_outcome') and to_value = 'assumed'") }}
            as is_stated_assumed,
        {{ any_true("kind in ('resolve', 'ai_outcome') and to_value = 'not_helpful'") }}
            as is_stated_not_helpful
    from related
    group by ticket_key, episode_seq
),

reasons as (
    select
        ticket_key,
        row_no,
        reason
    from timeline
    where kind = 'handoff'
),

counted as (
    select
        ticket_key,
        episode_seq,
        {{ count_if("is_turn_start and kind = 'ai_reply'") }} as responder_turns_ai,
        {{ count_if("is_turn_start and kind = 'human_reply'") }} as responder_turns_human,
        {{ count_if('is_session_start') }} as sessions
    from conversation
    where episode_seq > 0
    group by ticket_key, episode_seq
),

joined as (
    select
        summed.*,
        customers_after_ai.customer_after_ai_at,
        reasons.reason as handoff_reason,
        coalesce(reasons.reason in ('usage_limit', 'error'), false) as is_excused_handoff,
        coalesce(reasons.reason in ('no_answer', 'low_confidence', 'missing_knowledge'), false)
            as is_gap_handoff,
        coalesce(counted.responder_turns_ai, 0) as responder_turns_ai,
        coalesce(counted.responder_turns_human, 0) as responder_turns_human,
        coalesce(counted.sessions, 0) as sessions,
        lead(summed.opened_at) over (
            partition by summed.ticket_key order by summed.episode_seq
        ) as next_opened_at
    from summed
    left join counted
        on summed.ticket_key = counted.ticket_key and summed.episode_seq = counted.episode_seq
    left join customers_after_ai
        on summed.ticket_key = customers_after_ai.ticket_key
        and summed.episode_seq = customers_after_ai.episode_seq
    left join reasons
        on summed.ticket_key = reasons.ticket_key and summed.handoff_row = reasons.row_no
)

select * from joined
