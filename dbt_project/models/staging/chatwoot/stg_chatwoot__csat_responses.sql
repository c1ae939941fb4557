-- The message that asked says when the survey was sent.
with

responses as (
    select * from {{ ref('stg_chatwoot__survey_responses') }}
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
),

renamed as (
    select
        responses.source,
        responses.response_id,
        responses.ticket_id,
        responses.rated_at,
        responses.score,
        '1-5' as scale,
        'ticket' as target,
        entries.sent_at as survey_sent_at,
        cast(null as bigint) as episode_seq,
        responses.loaded_at
    from responses
    left join entries
        on responses.source = entries.source and responses.message_id = entries.message_id
    where responses.score is not null and responses.ticket_id is not null and responses.rated_at is not null
)

select * from renamed
