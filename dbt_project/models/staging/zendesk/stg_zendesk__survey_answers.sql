-- Ratings that survey responses hold, in each version that was seen. A rating that was changed keeps
-- the date of the first, which therefore is one too, with the score that is known.
{{ config(materialized='incremental', unique_key='source, survey_response_id') }}

with

landed as (
    {{ newest_documents(source('landed', 'zendesk_survey_responses')) }}
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
)

select * from dated
