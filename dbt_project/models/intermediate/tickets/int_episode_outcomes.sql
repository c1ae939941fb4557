-- What each episode was: who handled it (K7), how the AI's part ended and whether it is resolved
-- (K8), and its category (K19). NULL where its source cannot tell.
with

episodes as (
    select * from {{ changed('int_episodes') }}
),

tickets as (
    select * from {{ changed('int_tickets') }}
),

categories as (
    select * from {{ changed('int_ticket_categories') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- An inner join of its own: an outer one over a span is compared row by row.
in_force as (
    select
        episodes.ticket_key,
        episodes.episode_seq,
        categories.category
    from episodes
    inner join categories on episodes.ticket_key = categories.ticket_key
    where (categories.valid_from is null or categories.valid_from <= episodes.resolved_at)
        and (categories.valid_to is null or categories.valid_to > episodes.resolved_at)
        and episodes.resolved_at is not null
),

handled as (
    select
        episodes.ticket_key,
        episodes.episode_seq,
        tickets.ticket_id,
        tickets.source,
        tickets.customer_key,
        tickets.is_countable,
        tickets.is_sync,
        episodes.opened_at,
        episodes.resolved_at,
        case
            when episodes.ai_replies > 0
                and (episodes.human_replies > 0 or episodes.handoff_at is not null) then 'hybrid'
            when episodes.ai_replies > 0 then 'ai_only'
            when episodes.human_replies > 0 then 'human_only'
            when episodes.automation_messages > 0 then 'automation_only'
            else 'none'
        end as handling,
        case
            when sources.has_messages
                then episodes.ai_replies > 0 or episodes.handoff_at is not null
        end as is_ai_involved,
        episodes.handoff_at is not null or episodes.human_replies > 0 as is_human_asked,
        episodes.substantive_ai_replies,
        episodes.is_stated_abandoned,
        episodes.is_stated_confirmed,
        episodes.is_stated_assumed,
        episodes.closed_by_kind,
        -- When the customer's silence after the last AI reply is long enough to be taken for consent.
        {{ add_seconds(
            'episodes.last_ai_reply_at',
            'case when tickets.is_sync then account.ai_assume_sync_s else account.ai_assume_async_s end'
        ) }} as silent_until_at,
        episodes.customer_after_ai_at,
        account.data_as_of,
        sources.has_resolves,
        coalesce(in_force.category, tickets.category) as category
    from episodes
    inner join tickets on episodes.ticket_key = tickets.ticket_key
    inner join sources on tickets.source = sources.source
    cross join account
    left join in_force
        on episodes.ticket_key = in_force.ticket_key
        and episodes.episode_seq = in_force.episode_seq
),

concluded as (
    select
        *,
        case
            when not coalesce(is_ai_involved, false) or not has_resolves then null
            when is_human_asked then 'escalated'
            when substantive_ai_replies = 0 or is_stated_abandoned then 'abandoned'
            when is_stated_confirmed then 'confirmed'
            when resolved_at is not null and (
                is_stated_assumed
                or (
                    silent_until_at <= data_as_of
                    and (customer_after_ai_at is null or customer_after_ai_at > silent_until_at)
                )
            ) then 'assumed'
        end as ai_outcome
    from handled
),

judged as (
    select
        ticket_key,
        episode_seq,
        ticket_id,
        source,
        customer_key,
        is_countable,
        is_sync,
        opened_at,
        resolved_at,
        category,
        handling,
        is_ai_involved,
        ai_outcome,
        case
            when has_resolves
                then resolved_at is not null and coalesce(ai_outcome <> 'abandoned', true)
        end as is_resolved,
        case
            when is_ai_involved and has_resolves then handling = 'ai_only'
                and resolved_at is not null
                and closed_by_kind <> 'human_agent'
                and coalesce(ai_outcome in ('confirmed', 'assumed'), false)
        end as is_ai_resolved,
        case
            when has_resolves then handling = 'automation_only'
                and resolved_at is not null
                and closed_by_kind <> 'human_agent'
        end as is_automation_resolved,
        coalesce(closed_by_kind = 'human_agent', false) as is_closed_by_human
    from concluded
)

select * from judged
