-- One row a customer turn: a run of customer messages of one episode with no reply between, and the
-- reply that ended it. An unanswered turn waits until the resolve, else until now.
with

conversation as (
    select * from {{ changed('int_conversation') }}
    where episode_seq > 0
),

clock as (
    select * from {{ changed('int_ticket_clock') }}
),

episodes as (
    select * from {{ changed('fct_episodes') }}
),

episode_clocks as (
    select * from {{ changed('int_episodes') }}
),

tickets as (
    select * from {{ changed('fct_tickets') }}
),

targets as (
    select * from {{ ref('int_clock_targets') }}
    where kpi = 'reply_time'
),

account as (
    select * from {{ ref('int_accounts') }}
),

now_clock as (
    select
        ticket_key,
        max(biz_clock_s) as now_clock_s
    from clock
    group by ticket_key
),

counted as (
    select
        conversation.*,
        clock.biz_clock_s,
        coalesce(sum(case when conversation.kind <> 'customer' then 1 else 0 end) over (
            partition by conversation.ticket_key, conversation.episode_seq
            order by conversation.row_no
            rows between unbounded preceding and 1 preceding
        ), 0) as replies_before
    from conversation
    inner join clock
        on conversation.ticket_key = clock.ticket_key and conversation.row_no = clock.row_no
),

turns as (
    select
        ticket_key,
        episode_seq,
        replies_before,
        min(occurred_at) as waited_from_at,
        min(biz_clock_s) as waited_from_clock_s
    from counted
    where kind = 'customer'
    group by ticket_key, episode_seq, replies_before
),

joined as (
    select
        turns.ticket_key,
        tickets.ticket_id,
        turns.episode_seq,
        row_number() over (
            partition by turns.ticket_key, turns.episode_seq order by turns.replies_before
        ) as turn_seq,
        turns.waited_from_at,
        turns.waited_from_clock_s,
        replies.occurred_at as replied_at,
        replies.biz_clock_s as replied_clock_s,
        replies.actor_key as replier_key,
        case replies.kind when 'ai_reply' then 'ai_agent' when 'human_reply' then 'human_agent' end
            as replier_kind,
        coalesce(episode_clocks.resolved_at, account.data_as_of) as ended_at,
        coalesce(episode_clocks.resolved_clock_s, now_clock.now_clock_s) as ended_clock_s,
        tickets.source,
        tickets.customer_key,
        tickets.is_countable,
        tickets.is_sync,
        episodes.handling,
        episodes.handling_side,
        episodes.channel,
        episodes.category,
        episodes.team,
        episodes.customer_segment,
        episodes.is_high_value,
        account.timezone
    from turns
    inner join tickets on turns.ticket_key = tickets.ticket_key
    inner join episodes
        on turns.ticket_key = episodes.ticket_key and turns.episode_seq = episodes.episode_seq
    inner join episode_clocks
        on turns.ticket_key = episode_clocks.ticket_key
        and turns.episode_seq = episode_clocks.episode_seq
    inner join now_clock on turns.ticket_key = now_clock.ticket_key
    cross join account
    left join counted as replies
        on turns.ticket_key = replies.ticket_key
        and turns.episode_seq = replies.episode_seq
        and turns.replies_before = replies.replies_before
        and replies.kind <> 'customer'
),

targeted as (
    select
        joined.*,
        coalesce(own_targets.target_s, general_targets.target_s) as target_s
    from joined
    left join targets as own_targets
        on joined.is_sync = own_targets.is_sync
        and joined.channel = own_targets.channel
        and own_targets.valid_from <= {{ local_time('joined.waited_from_at', 'joined.timezone') }}
        and own_targets.valid_to > {{ local_time('joined.waited_from_at', 'joined.timezone') }}
    left join targets as general_targets
        on joined.is_sync = general_targets.is_sync
        and general_targets.channel = 'all'
        and general_targets.valid_from <= {{ local_time('joined.waited_from_at', 'joined.timezone') }}
        and general_targets.valid_to > {{ local_time('joined.waited_from_at', 'joined.timezone') }}
),

measured as (
    select
        ticket_key,
        ticket_id,
        episode_seq,
        cast(turn_seq as integer) as turn_seq,
        waited_from_at,
        replied_at,
        replier_key,
        replier_kind,
        {{ duration_s('waited_from_at', 'replied_at') }} as reply_s,
        replied_clock_s - waited_from_clock_s as reply_biz_s,
        case when replied_at is null then {{ duration_s('waited_from_at', 'ended_at') }} end
            as unanswered_s,
        case when replied_at is null then ended_clock_s - waited_from_clock_s end
            as unanswered_biz_s,
        target_s,
        source,
        customer_key,
        is_countable,
        is_sync,
        handling,
        handling_side,
        channel,
        category,
        team,
        customer_segment,
        is_high_value
    from targeted
),

judged as (
    select
        ticket_key,
        ticket_id,
        episode_seq,
        turn_seq,
        waited_from_at,
        replied_at,
        replier_key,
        replier_kind,
        reply_s as wait_s,
        reply_biz_s as wait_biz_s,
        unanswered_s,
        unanswered_biz_s,
        target_s,
        case
            when reply_s is not null then reply_s <= target_s
            when unanswered_s >= target_s then false
        end as is_within_target,
        source,
        customer_key,
        is_countable,
        is_sync,
        handling,
        handling_side,
        channel,
        category,
        team,
        customer_segment,
        is_high_value
    from measured
)

select * from judged
