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
        rating as score,
        rating_created_at as survey_sent_at,
        rating_updated_at as rated_at,
        case rated_type
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
        ai_rating as score,
        ai_rating_created_at as survey_sent_at,
        ai_rating_updated_at as rated_at,
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
