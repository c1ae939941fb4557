-- Ratings that survey responses hold, in each version that was seen. A rating that was changed keeps
-- the date of the first, which therefore is one too, with the score that is known.
with

landed as (
    {{ newest_documents(source('landed', 'zendesk_survey_responses')) }}
),

surveys as (
    {{ newest_documents(source('landed', 'zendesk_surveys')) }}
),

responses as (
    select * from {{ ref('stg_zendesk__survey_responses') }}
),

-- A version that is listed no more is still what older responses answer.
questions as (
    select
        source,
        _key as survey_key,
        {{ json_items('payload', '$.questions') }} as question
    from surveys
    where not _is_deleted
),

choices as (
    select
        source,
        survey_key,
        {{ json_items('question', '$.options') }} as choice
    from questions
    where {{ json_text('question', '$.sub_type') }} = 'customer_satisfaction'
),

scales as (
    select
        source,
        survey_key,
        max(try_cast({{ json_text('choice', '$.rating') }} as bigint)) as top_rating
    from choices
    group by source, survey_key
),

answers as (
    select
        source,
        _key as survey_response_id,
        {{ json_items('payload', '$.answers') }} as answer,
        loaded_at
    from landed
    where not _is_deleted
),

given as (
    select
        source,
        survey_response_id,
        {{ instant(json_text('answer', '$.created_at')) }} as first_rated_at,
        {{ instant(json_text('answer', '$.updated_at')) }} as rated_at,
        try_cast({{ json_text('answer', '$.rating') }} as bigint) as rating,
        {{ json_text('answer', '$.rating_category') }} as category,
        loaded_at
    from answers
    where {{ json_text('answer', '$.question.sub_type') }} = 'customer_satisfaction'
        and {{ json_text('answer', '$.type') }} = 'rating_scale'
),

versions as (
    select
        *,
        row_number() over (
            partition by source, survey_response_id, rated_at order by loaded_at
        ) as copy_rank,
        row_number() over (
            partition by source, survey_response_id order by rated_at, loaded_at
        ) as version_rank
    from given
    where rated_at is not null and rating is not null
),

dated as (
    select source, survey_response_id, rated_at, rating, category, loaded_at
    from versions
    where copy_rank = 1

    union all

    select
        source, survey_response_id, first_rated_at as rated_at, rating, category, loaded_at
    from versions
    where version_rank = 1 and first_rated_at < rated_at
),

-- Two options are good and bad. Of a survey that is not known, five are the usual ones.
scaled as (
    select
        dated.source,
        dated.survey_response_id,
        responses.ticket_id,
        responses.survey_rank,
        responses.offered_at,
        dated.rated_at,
        dated.rating,
        dated.category,
        case
            when scales.top_rating is null and dated.category = 'good' and dated.rating < 4
                then 'good_bad'
            when scales.top_rating is null then '1-5'
            when scales.top_rating = 2 then 'good_bad'
            else '1-' || cast(scales.top_rating as varchar)
        end as scale,
        dated.loaded_at
    from dated
    inner join responses
        on dated.source = responses.source
        and dated.survey_response_id = responses.survey_response_id
    left join scales
        on responses.source = scales.source and responses.survey_key = scales.survey_key
)

select * from scaled
