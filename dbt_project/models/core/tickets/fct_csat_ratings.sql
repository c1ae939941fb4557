-- One row a response, on the episode it is about (Q1), with the side it speaks of (K19). A rating on
-- an unknown ticket has no segments and no agent: it counts in the whole only.
with

ratings as (
    select * from {{ changed('int_csat_ratings') }}
),

tickets as (
    select * from {{ changed('fct_tickets') }}
),

episodes as (
    select * from {{ changed('fct_episodes') }}
),

messages as (
    select * from {{ changed('int_messages') }}
    where is_reply and author_kind = 'human_agent'
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- The episode given, else the last one resolved by the rating, else the first.
candidates as (
    select
        ratings.csat_key,
        episodes.episode_seq,
        row_number() over (
            partition by ratings.csat_key
            order by
                case when episodes.episode_seq = ratings.episode_seq_given then 0 else 1 end,
                case when episodes.resolved_at <= ratings.first_rated_at then 0 else 1 end,
                case when episodes.resolved_at <= ratings.first_rated_at
                    then -episodes.episode_seq else episodes.episode_seq end
        ) as choice
    from ratings
    inner join episodes on ratings.ticket_key = episodes.ticket_key
),

repliers as (
    select
        ratings.csat_key,
        messages.author_key,
        row_number() over (
            partition by ratings.csat_key
            order by messages.sent_at desc, messages.seq desc nulls last, messages.source_id desc
        ) as recency
    from ratings
    inner join messages on ratings.ticket_key = messages.ticket_key
    where messages.sent_at <= coalesce(ratings.survey_sent_at, ratings.first_rated_at)
),

joined as (
    select
        ratings.csat_key,
        ratings.ticket_key,
        tickets.ticket_id,
        ratings.source,
        episodes.episode_seq,
        ratings.target,
        ratings.survey_sent_at,
        ratings.first_rated_at,
        ratings.last_rated_at,
        ratings.score_raw,
        ratings.scale,
        cast(ratings.score_5 as double) as score_5,
        ratings.is_positive,
        ratings.n_ratings,
        ratings.is_known_ticket,
        not coalesce(tickets.is_test or tickets.is_spam or tickets.is_deleted, false) as is_counted,
        tickets.customer_key,
        case when tickets.ticket_key is not null then coalesce(episodes.handling, tickets.handling) end
            as handling,
        case
            when tickets.ticket_key is null then null
            when ratings.target = 'ai' then 'ai_handled'
            when ratings.target = 'human' then 'human_handled'
            else {{ handling_side('coalesce(episodes.handling, tickets.handling)') }}
        end as handling_side,
        tickets.channel,
        case when tickets.ticket_key is not null
            then coalesce(episodes.category, tickets.category) end as category,
        tickets.team,
        case when tickets.ticket_key is not null
            then {{ customer_segment('tickets.customer_key', 'customer_months') }} end
            as customer_segment,
        coalesce(customer_months.is_high_value, false) as is_high_value,
        case when tickets.ticket_key is not null then repliers.author_key end as agent_key
    from ratings
    cross join account
    left join tickets on ratings.ticket_key = tickets.ticket_key
    left join candidates on ratings.csat_key = candidates.csat_key and candidates.choice = 1
    left join episodes
        on ratings.ticket_key = episodes.ticket_key
        and candidates.episode_seq = episodes.episode_seq
    left join repliers on ratings.csat_key = repliers.csat_key and repliers.recency = 1
    left join customer_months
        on tickets.customer_key = customer_months.customer_key
        and {{ month_start(local_date('ratings.first_rated_at', 'account.timezone')) }}
            = customer_months.month_start
),

sided as (
    select
        *,
        handling_side = 'ai_handled' as is_ai_side,
        handling_side = 'human_handled' as is_human_side
    from joined
)

select * from sided
