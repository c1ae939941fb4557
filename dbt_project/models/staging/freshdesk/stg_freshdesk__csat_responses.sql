with

ratings as (
    select * from {{ ref('stg_freshdesk__ratings') }}
),

scores as (
    select * from {{ ref('map_csat_scale') }}
    where kind = 'freshdesk'
),

renamed as (
    select
        ratings.source,
        ratings.response_id,
        ratings.ticket_id,
        ratings.rated_at,
        scores.target as score,
        '1-5' as scale,
        'ticket' as target,
        cast(null as timestamptz) as survey_sent_at,
        cast(null as bigint) as episode_seq,
        ratings.loaded_at
    from ratings
    inner join scores on ratings.code = scores.source_value
    where ratings.ticket_id is not null and ratings.rated_at is not null
)

select * from renamed
