{{ config(tags='live') }}
-- The last review of each episode; one that names no episode is of the ticket's last.
with

qa_reviews as (
    select * from {{ ref('stg_files__qa_reviews') }}
),

episodes as (
    select * from {{ ref('int_episodes') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

keyed as (
    select
        {{ surrogate_key(['qa_reviews.source', 'account.account_id', 'qa_reviews.ticket_id']) }}
            as ticket_key,
        qa_reviews.*
    from qa_reviews
    cross join account
    where qa_reviews.reviewed_at <= account.data_as_of
),

last_episodes as (
    select
        ticket_key,
        max(episode_seq) as episode_seq
    from episodes
    group by ticket_key
),

placed as (
    select
        keyed.ticket_key,
        coalesce(keyed.episode_seq, last_episodes.episode_seq) as episode_seq,
        keyed.review_id,
        keyed.reviewed_at,
        keyed.reviewer,
        keyed.is_correct
    from keyed
    inner join last_episodes on keyed.ticket_key = last_episodes.ticket_key
),

ranked as (
    select
        *,
        row_number() over (
            partition by ticket_key, episode_seq order by reviewed_at desc, review_id desc
        ) as recency
    from placed
)

select
    ticket_key,
    episode_seq,
    reviewed_at,
    reviewer,
    is_correct
from ranked
where recency = 1
