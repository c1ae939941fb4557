-- One row an episode (a contact): every judgement that a KPI counts is a column here. A flag is NULL
-- outside its denominator, or where the source cannot tell.
with

episodes as (
    select * from {{ changed('int_episodes') }}
),

outcomes as (
    select * from {{ changed('int_episode_outcomes') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

recontacts as (
    select * from {{ changed('int_recontacts') }}
),

cost_rates as (
    select * from {{ ref('int_cost_rates') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

clock as (
    select * from {{ changed('int_ticket_clock') }}
),

timeline as (
    select * from {{ changed('int_timeline') }}
    where kind in ('now', 'ai_reply', 'human_reply')
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- First return of each kind after the resolve; K8's windows are then comparisons.
returns as (
    select
        ticket_key,
        episode_seq,
        min(case when is_same_matter then after_s end) as recontact_after_s,
        min(case when is_same_matter and recontact_type = 'reopen' then after_s end)
            as reopen_after_s,
        min(after_s) as any_after_s
    from recontacts
    group by ticket_key, episode_seq
),

repeats as (
    select distinct
        recontacts.later_ticket_key as ticket_key,
        recontacts.later_episode_seq as episode_seq
    from recontacts
    cross join account
    where recontacts.is_same_matter and recontacts.after_s <= account.recontact_window_s
),

now_clock as (
    select
        timeline.ticket_key,
        timeline.occurred_at as now_at,
        clock.biz_clock_s as now_clock_s
    from timeline
    inner join clock
        on timeline.ticket_key = clock.ticket_key and timeline.row_no = clock.row_no
    where timeline.kind = 'now'
),

first_replies as (
    select
        ticket_key,
        row_no,
        case when kind = 'ai_reply' then 'ai_agent' else 'human_agent' end as replier_kind
    from timeline
    where kind <> 'now'
),

joined as (
    select
        episodes.*,
        outcomes.ticket_id,
        outcomes.source,
        outcomes.customer_key,
        outcomes.is_countable,
        outcomes.is_sync,
        outcomes.category,
        outcomes.handling,
        outcomes.is_ai_involved,
        outcomes.ai_outcome,
        outcomes.is_resolved,
        outcomes.is_ai_resolved,
        outcomes.is_automation_resolved,
        outcomes.is_closed_by_human,
        tickets.channel,
        tickets.is_outbound_started,
        coalesce(tickets.team, agents.team, 'unassigned') as team,
        first_replies.replier_kind as first_reply_kind,
        now_clock.now_at,
        now_clock.now_clock_s,
        coalesce(episodes.resolved_at, now_clock.now_at) as ended_at,
        coalesce(episodes.resolved_clock_s, now_clock.now_clock_s) as ended_clock_s,
        coalesce(
            episodes.handoff_at,
            case when outcomes.handling = 'hybrid' then episodes.customer_between_at end
        ) as handoff_clock_at,
        coalesce(
            episodes.handoff_clock_s,
            case
                when outcomes.handling = 'hybrid' and episodes.handoff_at is null
                    then episodes.customer_between_clock_s
            end
        ) as handoff_start_clock_s,
        case
            when episodes.handoff_at is not null then episodes.handoff_responded_at
            when outcomes.handling = 'hybrid' and episodes.customer_between_at is not null
                then episodes.first_human_reply_at
        end as handoff_answered_at,
        case
            when episodes.handoff_at is not null then episodes.handoff_responded_clock_s
            when outcomes.handling = 'hybrid' and episodes.customer_between_at is not null
                then episodes.first_human_clock_s
        end as handoff_answered_clock_s,
        returns.recontact_after_s,
        returns.reopen_after_s,
        returns.any_after_s,
        repeats.ticket_key is not null as is_repeat,
        ai_rates.unit_cost as ai_unit_cost,
        human_rates.unit_cost as human_unit_cost,
        account.recontact_window_s,
        account.fcr_window_s,
        sources.has_messages,
        sources.has_resolves,
        sources.has_reopens,
        {{ customer_segment('outcomes.customer_key', 'customer_months') }} as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value
    from episodes
    inner join outcomes
        on episodes.ticket_key = outcomes.ticket_key
        and episodes.episode_seq = outcomes.episode_seq
    inner join tickets on episodes.ticket_key = tickets.ticket_key
    inner join sources on outcomes.source = sources.source
    inner join now_clock on episodes.ticket_key = now_clock.ticket_key
    cross join account
    left join agents on tickets.assignee_key = agents.agent_key
    left join first_replies
        on episodes.ticket_key = first_replies.ticket_key
        and episodes.first_reply_row = first_replies.row_no
    left join returns
        on episodes.ticket_key = returns.ticket_key
        and episodes.episode_seq = returns.episode_seq
    left join repeats
        on episodes.ticket_key = repeats.ticket_key
        and episodes.episode_seq = repeats.episode_seq
    left join cost_rates as ai_rates
        on ai_rates.handling = 'ai'
        and {{ local_date('episodes.resolved_at', 'account.timezone') }} = ai_rates.rate_on
    left join cost_rates as human_rates
        on human_rates.handling = 'human'
        and {{ local_date('episodes.resolved_at', 'account.timezone') }} = human_rates.rate_on
    left join customer_months
        on outcomes.customer_key = customer_months.customer_key
        and {{ month_start(local_date('episodes.opened_at', 'account.timezone')) }}
            = customer_months.month_start
),

measured as (
    select
        *,
        episode_seq = 1 as is_first_episode,
        human_replies > 0 or is_closed_by_human as is_human_touched,
        {{ duration_s('opened_at', 'first_reply_raw_at') }} as frt_any_s,
        case when {{ duration_s('opened_at', 'first_reply_raw_at') }} is not null
            then first_reply_clock_s - opened_clock_s end as frt_any_biz_s,
        {{ duration_s('opened_at', 'first_ai_reply_at') }} as frt_ai_s,
        first_ai_clock_s - opened_clock_s as frt_ai_biz_s,
        {{ duration_s('opened_at', 'first_human_raw_at') }} as frt_human_s,
        case when {{ duration_s('opened_at', 'first_human_raw_at') }} is not null
            then first_human_clock_s - opened_clock_s end as frt_human_biz_s,
        case when first_reply_at is null then {{ duration_s('opened_at', 'ended_at') }} end
            as unanswered_s,
        case when first_reply_at is null then ended_clock_s - opened_clock_s end
            as unanswered_biz_s,
        {{ duration_s('handoff_clock_at', 'handoff_answered_at') }} as handoff_response_s,
        handoff_answered_clock_s - handoff_start_clock_s as handoff_response_biz_s,
        case
            when handoff_clock_at is not null and handoff_answered_at is null
                then {{ duration_s('handoff_clock_at', 'ended_at') }}
        end as handoff_unanswered_s,
        case
            when handoff_clock_at is not null and handoff_answered_at is null
                and ended_at >= handoff_clock_at
                then ended_clock_s - handoff_start_clock_s
        end as handoff_unanswered_biz_s,
        -- Q5: a source that cannot show a return cannot show that there was none.
        is_resolved and has_reopens as is_return_known,
        coalesce(is_ai_resolved, false) or coalesce(is_automation_resolved, false) as is_deflected,
        has_messages and has_resolves as is_deflection_known,
        coalesce(recontact_after_s <= recontact_window_s, false) as is_back,
        coalesce(recontact_after_s <= 7 * 86400, false) as is_back_168h,
        coalesce(recontact_after_s <= fcr_window_s, false) as is_back_for_fcr,
        case
            when not has_messages then null
            when is_sync then sessions <= 1
            else responder_turns_ai + responder_turns_human <= 1
        end as is_one_interaction,
        case when is_ai_involved and not is_excused_handoff and not is_outbound_started
            then handoff_at is not null or human_replies > 0 end as is_escalated,
        case when ai_replies > 0 then ai_unit_cost else 0 end as ai_cost,
        case when human_replies > 0 then human_unit_cost else 0 end as human_cost
    from joined
),

judged as (
    select
        ticket_key,
        ticket_id,
        cast(episode_seq as integer) as episode_seq,
        source,
        customer_key,
        is_first_episode,
        is_outbound_started,
        is_sync,
        is_countable,
        opened_at,
        resolved_at,
        now_at as state_as_of,
        handling,
        {{ handling_side('handling') }} as handling_side,
        channel,
        category,
        team,
        customer_segment,
        is_high_value,
        is_ai_involved,
        ai_outcome,
        is_ai_resolved,
        is_human_touched,
        is_escalated,
        not is_escalated as is_contained,
        case when is_deflection_known then is_deflected end as is_deflected,
        case when is_deflection_known and has_reopens then is_deflected and not is_back end
            as is_deflected_strict,
        case when is_ai_resolved is not null and has_reopens
            then is_ai_resolved and not is_back end as is_ai_resolved_48h,
        case when is_ai_resolved is not null and has_reopens
            then is_ai_resolved and not is_back_168h end as is_ai_resolved_168h,
        case
            when is_ai_involved then is_gap_handoff or substantive_ai_replies = 0
                or is_stated_not_helpful
        end as has_knowledge_gap,
        handoff_at,
        handoff_reason,
        first_reply_at,
        first_reply_kind,
        first_ai_reply_at,
        first_human_reply_at,
        frt_any_s,
        frt_any_biz_s,
        frt_ai_s,
        frt_ai_biz_s,
        frt_human_s,
        frt_human_biz_s,
        unanswered_s,
        unanswered_biz_s,
        handoff_clock_at,
        handoff_answered_at as handoff_responded_at,
        handoff_response_s,
        handoff_response_biz_s,
        handoff_unanswered_s,
        handoff_unanswered_biz_s,
        is_resolved,
        is_repeat as is_recontact,
        case when is_return_known then is_back end as is_recontacted_48h,
        case when is_return_known then is_back
            and coalesce(reopen_after_s <= recontact_after_s, false) end as is_recontacted_reopen,
        case when is_return_known then is_back
            and not coalesce(reopen_after_s <= recontact_after_s, false) end
            as is_recontacted_new_contact,
        case
            when not coalesce(is_return_known and is_back, false) then null
            when coalesce(reopen_after_s <= recontact_after_s, false) then 'reopen'
            else 'new_contact'
        end as recontact_type,
        case when is_return_known then coalesce(any_after_s <= recontact_window_s, false) end
            as is_recontacted_any_category,
        case when is_return_known then is_back_168h end as is_recontacted_168h,
        case when is_return_known and not is_repeat and is_one_interaction is not null
            then is_one_interaction and not is_back_for_fcr end as is_fcr,
        case when is_return_known and not is_repeat then not is_back_for_fcr end as is_fcr_contact,
        case when is_return_known and not is_repeat then is_one_interaction end as is_one_touch,
        case when is_return_known and not is_repeat and is_one_interaction is not null
            then is_one_interaction and not is_back_168h end as is_fcr_168h,
        ai_cost,
        human_cost,
        ai_cost is not null and human_cost is not null as is_cost_known,
        human_unit_cost - ai_unit_cost as ai_saving,
        cast(responder_turns_ai as bigint) as responder_turns_ai,
        cast(responder_turns_human as bigint) as responder_turns_human,
        cast(sessions as bigint) as sessions,
        cast(ai_replies as bigint) as ai_replies,
        cast(human_replies as bigint) as human_replies,
        closed_by_kind,
        closed_by_key,
        {{ add_seconds('resolved_at', 'recontact_window_s') }} as mature_48h_at
    from measured
)

select * from judged
