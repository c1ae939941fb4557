-- What a customer writes opens a closed conversation, and the part says so. Where it stays closed,
-- nobody has to answer.
with

parts as (
    select * from {{ ref('stg_intercom__parts') }}
),

with_earlier as (
    select
        *,
        lag(state) over (partition by source, ticket_id order by seq) as state_before
    from parts
),

renamed as (
    select
        source,
        ticket_id || '|' || part_id as message_id,
        ticket_id,
        occurred_at as sent_at,
        author_kind,
        author_id,
        part_type not like 'note%' as is_public,
        false as is_auto,
        coalesce(
            author_kind = 'customer' and state = 'closed' and state_before = 'closed', false
        ) as is_gratitude,
        author_kind <> 'ai_agent'
        or coalesce(is_ai_answer, 'true') = 'true'
        or coalesce(last_answer_type = 'custom_answer', false) as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        char_count,
        seq,
        loaded_at
    from with_earlier
    where is_message
)

select * from renamed
