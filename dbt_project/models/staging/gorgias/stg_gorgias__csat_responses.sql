with

surveys as (
    select * from {{ ref('stg_gorgias__surveys') }}
),

renamed as (
    select
        source,
        survey_id as response_id,
        ticket_id,
        rated_at,
        score,
        '1-5' as scale,
        'ticket' as target,
        survey_sent_at,
        cast(null as bigint) as episode_seq,
        loaded_at
    from surveys
    where score is not null and ticket_id is not null and rated_at is not null
)

select * from renamed
