-- One row a ticket, countable or not; those that do not count keep the reason.
with

tickets as (
    select * from {{ changed('int_tickets') }}
),

episodes as (
    select * from {{ changed('fct_episodes') }}
),

episode_clocks as (
    select * from {{ changed('int_episodes') }}
),

timeline as (
    select * from {{ changed('int_timeline') }}
),

clock as (
    select * from {{ changed('int_ticket_clock') }}
),

ticket_orders as (
    select * from {{ changed('int_ticket_orders') }}
),

ratings as (
    select * from {{ changed('int_csat_ratings') }}
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

handle_times as (
    select * from {{ changed('int_handle_methods') }}
),

resolution_windows as (
    select * from {{ changed('int_resolution_windows') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

summed as (
    select
        ticket_key,
        max(episode_seq) as episode_count,
        {{ any_true("handling = 'hybrid'") }} as has_hybrid,
        {{ any_true("handling = 'human_only'") }} as has_human,
        {{ any_true("handling = 'ai_only'") }} as has_ai,
        {{ any_true("handling = 'automation_only'") }} as has_automation,
        sum(responder_turns_ai) as responder_turns_ai,
        sum(responder_turns_human) as responder_turns_human,
        {{ any_true('is_ai_involved') }} as is_ai_involved,
        min(least(handoff_at, first_human_reply_at)) as human_from_at
    from episodes
    group by ticket_key
),

last_episodes as (
    select
        episodes.ticket_key,
        episodes.category,
        episodes.team
    from episodes
    inner join summed
        on episodes.ticket_key = summed.ticket_key
        and episodes.episode_seq = summed.episode_count
),

ended as (
    select
        episode_clocks.ticket_key,
        min(episode_clocks.opened_at) as opened_at,
        min(episode_clocks.opened_clock_s) as opened_clock_s,
        min(episode_clocks.first_closed_at) as first_resolved_at,
        min(episode_clocks.first_closed_raw_at) as first_resolved_raw_at,
        min(episode_clocks.first_closed_clock_s) as first_resolved_clock_s,
        max(case when episode_clocks.episode_seq = summed.episode_count
            then episode_clocks.resolved_at end) as last_resolved_at,
        max(case when episode_clocks.episode_seq = summed.episode_count
            then episode_clocks.resolved_raw_at end) as last_resolved_raw_at,
        max(case when episode_clocks.episode_seq = summed.episode_count
            then episode_clocks.resolved_clock_s end) as last_resolved_clock_s
    from episode_clocks
    inner join summed on episode_clocks.ticket_key = summed.ticket_key
    group by episode_clocks.ticket_key
),

now_rows as (
    select
        timeline.ticket_key,
        timeline.state,
        timeline.occurred_at as now_at,
        clock.biz_clock_s as now_clock_s
    from timeline
    inner join clock
        on timeline.ticket_key = clock.ticket_key and timeline.row_no = clock.row_no
    where timeline.kind = 'now'
),

moves as (
    select
        ticket_key,
        count(case when is_opening or is_carry then 1 end) as openings
    from timeline
    group by ticket_key
),

-- Legs: time in each state until the final resolve.
spans as (
    select
        timeline.ticket_key,
        timeline.state,
        timeline.occurred_at,
        lead(timeline.occurred_at) over (
            partition by timeline.ticket_key order by timeline.row_no
        ) as next_at,
        ended.last_resolved_at
    from timeline
    inner join ended on timeline.ticket_key = ended.ticket_key
),

legs as (
    select
        ticket_key,
        sum(case when state in ('new', 'open') then {{ seconds_between('occurred_at', 'next_at') }} end)
            as needs_us_s,
        sum(case when state = 'pending' then {{ seconds_between('occurred_at', 'next_at') }} end)
            as waiting_customer_s,
        sum(case when state = 'on_hold' then {{ seconds_between('occurred_at', 'next_at') }} end)
            as on_hold_s
    from spans
    where next_at <= last_resolved_at
    group by ticket_key
),

-- Whether the contact that opened the ticket was about an order: one bought later is no reason.
linked as (
    select distinct ticket_key
    from ticket_orders
    where episode_seq = 1
),

rated as (
    select
        ticket_key,
        {{ value_at_last('score_5', '(first_rated_at, csat_key)') }} as csat_score_5
    from ratings
    group by ticket_key
),

joined as (
    select
        tickets.*,
        account.timezone,
        coalesce(summed.episode_count, 0) as episode_count,
        case
            when summed.has_hybrid or (summed.has_ai and summed.has_human) then 'hybrid'
            when summed.has_human then 'human_only'
            when summed.has_ai then 'ai_only'
            when summed.has_automation then 'automation_only'
            else 'none'
        end as handling,
        coalesce(last_episodes.category, tickets.category) as last_category,
        summed.responder_turns_ai,
        summed.responder_turns_human,
        summed.is_ai_involved,
        summed.human_from_at,
        ended.opened_at,
        ended.opened_clock_s,
        ended.first_resolved_at,
        ended.first_resolved_raw_at,
        ended.first_resolved_clock_s,
        case when now_rows.state in ('resolved', 'closed') then ended.last_resolved_at end
            as resolved_at,
        case when now_rows.state in ('resolved', 'closed') then ended.last_resolved_raw_at end
            as resolved_raw_at,
        case when now_rows.state in ('resolved', 'closed') then ended.last_resolved_clock_s end
            as resolved_clock_s,
        now_rows.now_at,
        now_rows.now_clock_s,
        now_rows.state,
        greatest(moves.openings - 1, 0) as reopen_count,
        legs.needs_us_s,
        legs.waiting_customer_s,
        legs.on_hold_s,
        linked.ticket_key is not null as is_order_linked,
        rated.csat_score_5,
        handle_times.handle_time_s,
        handle_times.handle_time_method,
        case when sources.has_resolves
            then coalesce(resolution_windows.is_resolved_in_window, false) end
            as is_resolved_in_window
    from tickets
    cross join account
    inner join sources on tickets.source = sources.source
    left join summed on tickets.ticket_key = summed.ticket_key
    left join last_episodes on tickets.ticket_key = last_episodes.ticket_key
    left join ended on tickets.ticket_key = ended.ticket_key
    left join now_rows on tickets.ticket_key = now_rows.ticket_key
    left join moves on tickets.ticket_key = moves.ticket_key
    left join legs on tickets.ticket_key = legs.ticket_key
    left join linked on tickets.ticket_key = linked.ticket_key
    left join rated on tickets.ticket_key = rated.ticket_key
    left join handle_times on tickets.ticket_key = handle_times.ticket_key
    left join resolution_windows on tickets.ticket_key = resolution_windows.ticket_key
),

judged as (
    select
        joined.ticket_key,
        joined.ticket_id,
        joined.source,
        joined.customer_key,
        joined.created_at,
        joined.first_customer_message_at,
        joined.outbound_at,
        joined.is_inbound,
        joined.is_outbound_started,
        joined.is_outbound_counted,
        joined.is_spam,
        joined.is_deleted,
        joined.is_merged_away,
        joined.is_test,
        joined.is_countable,
        joined.exclude_reason,
        joined.is_sync,
        joined.priority,
        joined.is_standard,
        joined.state,
        joined.status_raw,
        joined.assignee_key,
        joined.subcategory,
        joined.product_sku,
        joined.brand,
        joined.language,
        joined.tags,
        joined.handling,
        {{ handling_side('joined.handling') }} as handling_side,
        joined.channel,
        joined.last_category as category,
        joined.team,
        {{ customer_segment('joined.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value,
        joined.is_order_linked,
        cast(joined.episode_count as integer) as episode_count,
        joined.first_resolved_at,
        joined.resolved_at,
        {{ duration_s('joined.opened_at', 'joined.first_resolved_raw_at') }} as first_resolution_s,
        case when {{ duration_s('joined.opened_at', 'joined.first_resolved_raw_at') }} is not null
            then joined.first_resolved_clock_s - joined.opened_clock_s end as first_resolution_biz_s,
        {{ duration_s('joined.opened_at', 'joined.resolved_raw_at') }} as full_resolution_s,
        case when {{ duration_s('joined.opened_at', 'joined.resolved_raw_at') }} is not null
            then joined.resolved_clock_s - joined.opened_clock_s end as full_resolution_biz_s,
        case when joined.resolved_at is null
            then {{ duration_s('joined.opened_at', 'joined.now_at') }} end as unresolved_s,
        case when joined.resolved_at is null then joined.now_clock_s - joined.opened_clock_s end
            as unresolved_biz_s,
        case when joined.resolved_at is not null
            then cast(coalesce(joined.needs_us_s, 0) as bigint) end as needs_us_s,
        case when joined.resolved_at is not null
            then cast(coalesce(joined.waiting_customer_s, 0) as bigint) end as waiting_customer_s,
        case when joined.resolved_at is not null
            then cast(coalesce(joined.on_hold_s, 0) as bigint) end as on_hold_s,
        case
            when joined.resolved_at is null or not joined.has_messages then null
            when not joined.is_ai_involved then 0
            else {{ duration_s(
                'joined.opened_at',
                'least(coalesce(joined.human_from_at, joined.resolved_at), joined.resolved_at)'
            ) }}
        end as ai_leg_s,
        cast(joined.reopen_count as integer) as reopen_count,
        cast(joined.responder_turns_ai as bigint) as responder_turns_ai,
        cast(joined.responder_turns_human as bigint) as responder_turns_human,
        joined.csat_score_5,
        joined.is_resolved_in_window,
        case when joined.handling <> 'ai_only' then joined.handle_time_s end as handle_time_s,
        case when joined.handling <> 'ai_only' then joined.handle_time_method end
            as handle_time_method
    from joined
    left join customer_months
        on joined.customer_key = customer_months.customer_key
        and {{ month_start(local_date(
            'coalesce(joined.first_customer_message_at, joined.outbound_at, joined.created_at)',
            'joined.timezone'
        )) }} = customer_months.month_start
),

completed as (
    select
        *,
        case when ai_leg_s is not null then full_resolution_s - ai_leg_s end as human_leg_s
    from judged
)

select * from completed
