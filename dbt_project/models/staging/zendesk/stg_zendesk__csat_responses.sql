-- Answers to surveys, and the older ratings of tickets that no survey was answered for: an account
-- that has surveys shows a good or bad of each answer beside. A ticket's later surveys are told
-- apart by numbers that are no episode's.
with

ratings as (
    {{ newest_documents(source('landed', 'zendesk_satisfaction_ratings')) }}
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

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ instant('coalesce(' ~ json_text('payload', '$.updated_at') ~ ', '
            ~ json_text('payload', '$.created_at') ~ ')') }} as rated_at,
        case
            when {{ json_text('payload', '$.score') }} like 'good%' then 'good'
            when {{ json_text('payload', '$.score') }} like 'bad%' then 'bad'
        end as score,
        loaded_at
    from ratings
    where row_rank = 1 and not _is_deleted
),

unsurveyed as (
    select
        read.source,
        read.response_id,
        read.ticket_id,
        read.rated_at,
        read.score,
        'good_bad' as scale,
        cast(null as timestamptz) as survey_sent_at,
        cast(null as bigint) as episode_seq,
        read.loaded_at
    from read
    left join surveyed
        on read.source = surveyed.source and read.ticket_id = surveyed.ticket_id
    where surveyed.ticket_id is null and read.score is not null
        and read.ticket_id is not null and read.rated_at is not null
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
