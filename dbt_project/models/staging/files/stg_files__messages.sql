with

landed as (
    {{ newest_rows(source('landed', 'files_messages')) }}
),

renamed as (
    select
        source,
        _key as message_id,
        ticket_id,
        sent_at,
        author_kind,
        author_id,
        coalesce(is_public, true) as is_public,
        coalesce(is_auto, false) as is_auto,
        coalesce(is_gratitude, false) as is_gratitude,
        coalesce(is_substantive, true) as is_substantive,
        coalesce(is_ai_assisted, false) as is_ai_assisted,
        recommended_skus,
        length(body) as char_count,
        seq,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
