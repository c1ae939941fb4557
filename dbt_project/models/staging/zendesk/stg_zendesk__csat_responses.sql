-- Answers to surveys, and the older ratings of tickets that no survey was answered for: an account
-- that has surveys shows a good or bad of each answer beside. A ticket's later surveys are told
-- apart by numbers that are no episode's.
with

ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
),

survey_ratings as (
    select * from {{ ref('stg_zendesk__survey_ratings') }}
),

surveyed as (
    select distinct
        source,
        ticket_id
    from survey_ratings
),

unsurveyed as (
    select
        ratings.source,
        ratings.response_id,
        ratings.ticket_id,
        ratings.rated_at,
        ratings.score,
        'good_bad' as scale,
        cast(null as timestamptz) as survey_sent_at,
        cast(null as bigint) as episode_seq,
        ratings.loaded_at
    from ratings
    left join surveyed
        on ratings.source = surveyed.source and ratings.ticket_id = surveyed.ticket_id
    where surveyed.ticket_id is null and ratings.score is not null
        and ratings.ticket_id is not null and ratings.rated_at is not null
),

unioned as (
    select * from unsurveyed

    union all

    select
        source,
        survey_response_id || '|' || cast(rated_at as varchar) as response_id,
        ticket_id,
        rated_at,
        case
            when scale <> 'good_bad' then cast(rating as varchar)
            when category = 'good' then 'good'
            else 'bad'
        end as score,
        scale,
        offered_at as survey_sent_at,
        case when survey_rank > 1 then 1 - survey_rank end as episode_seq,
        loaded_at
    from survey_ratings
),

renamed as (
    select
        source,
        response_id,
        ticket_id,
        rated_at,
        score,
        scale,
        'ticket' as target,
        survey_sent_at,
        episode_seq,
        loaded_at
    from unioned
)

select * from renamed
