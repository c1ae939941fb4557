with

parts as (
    select * from {{ ref('stg_intercom__parts') }}
    where is_message
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
        false as is_gratitude,
        author_kind <> 'ai_agent'
        or coalesce(is_ai_answer, 'true') = 'true'
        or coalesce(last_answer_type = 'custom_answer', false) as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        length(content) as char_count,
        seq,
        loaded_at
    from parts
)

select * from renamed
