-- One row an AI-resolved episode: whether a reviewer found it right, and whether anything later says
-- that it was not (Q8).
with

episodes as (
    select * from {{ changed('fct_episodes') }}
    where is_countable and is_ai_resolved
),

reviews as (
    select * from {{ ref('int_qa_reviews') }}
),

ratings as (
    select * from {{ changed('fct_csat_ratings') }}
    where is_counted
),

messages as (
    select * from {{ changed('int_messages') }}
    where is_reply and author_kind = 'human_agent'
),

low_rated as (
    select distinct
        ticket_key,
        episode_seq
    from ratings
    where score_5 <= 2 or (score_5 is null and not is_positive)
),

last_human as (
    select
        ticket_key,
        max(sent_at) as last_human_at
    from messages
    group by ticket_key
),

joined as (
    select
        episodes.ticket_key,
        episodes.ticket_id,
        episodes.episode_seq,
        episodes.source,
        episodes.resolved_at,
        reviews.is_correct,
        case
            when episodes.is_recontacted_168h is not null
                then not episodes.is_recontacted_168h
                    and low_rated.ticket_key is null
                    and not coalesce(last_human.last_human_at > episodes.resolved_at, false)
        end as is_unquestioned,
        episodes.handling,
        episodes.handling_side,
        episodes.channel,
        episodes.category,
        episodes.team,
        episodes.customer_segment,
        episodes.is_high_value
    from episodes
    left join reviews
        on episodes.ticket_key = reviews.ticket_key
        and episodes.episode_seq = reviews.episode_seq
    left join low_rated
        on episodes.ticket_key = low_rated.ticket_key
        and episodes.episode_seq = low_rated.episode_seq
    left join last_human on episodes.ticket_key = last_human.ticket_key
)

select * from joined
