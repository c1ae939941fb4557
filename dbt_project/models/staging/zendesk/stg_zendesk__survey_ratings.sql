with

answers as (
    select * from {{ ref('stg_zendesk__survey_answers') }}
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

-- Two options are good and bad. Of a survey that is not known, five are the usual ones.
scaled as (
    select
        answers.source,
        answers.survey_response_id,
        responses.ticket_id,
        responses.survey_rank,
        responses.offered_at,
        answers.rated_at,
        answers.rating,
        answers.category,
        case
            when scales.top_rating is null and answers.category = 'good' and answers.rating < 4
                then 'good_bad'
            when scales.top_rating is null then '1-5'
            when scales.top_rating = 2 then 'good_bad'
            else '1-' || cast(scales.top_rating as varchar)
        end as scale,
        answers.loaded_at
    from answers
    inner join responses
        on answers.source = responses.source
        and answers.survey_response_id = responses.survey_response_id
    left join scales
        on responses.source = scales.source and responses.survey_key = scales.survey_key
)

select * from scaled
