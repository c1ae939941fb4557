-- A conversation has one rating, of the teammate who was on it, and one of its AI agent.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

ratings as (
    select
        source,
        ticket_id,
        'ticket' as part,
        {{ json_text('payload', '$.conversation_rating.rating') }} as score,
        {{ instant_of_epoch(json_text('payload', '$.conversation_rating.created_at')) }}
            as survey_sent_at,
        {{ instant_of_epoch(json_text('payload', '$.conversation_rating.updated_at')) }}
            as rated_at,
        case {{ json_text('payload', '$.conversation_rating.teammate.type') }}
            when 'admin' then 'human'
            when 'bot' then 'ai'
            else 'ticket'
        end as target,
        loaded_at
    from conversations

    union all

    select
        source,
        ticket_id,
        'ai' as part,
        {{ json_text('payload', '$.ai_agent.rating') }} as score,
        {{ instant_of_epoch(json_text('payload', '$.ai_agent.created_at')) }} as survey_sent_at,
        {{ instant_of_epoch(json_text('payload', '$.ai_agent.updated_at')) }} as rated_at,
        'ai' as target,
        loaded_at
    from conversations
),

renamed as (
    select
        source,
        ticket_id || '|' || part as response_id,
        ticket_id,
        coalesce(rated_at, survey_sent_at) as rated_at,
        score,
        '1-5' as scale,
        target,
        survey_sent_at,
        cast(null as bigint) as episode_seq,
        loaded_at
    from ratings
    where score is not null and coalesce(rated_at, survey_sent_at) is not null
)

select * from renamed
