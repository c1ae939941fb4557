with

details as (
    {{ newest_documents(source('landed', 'intercom_conversation_details')) }}
),

gone as (
    {{ newest_documents(source('landed', 'intercom_deleted_conversations')) }}
),

deletions as (
    select
        source,
        _key as ticket_id,
        {{ instant_of_epoch(json_text('payload', '$.deleted_at')) }} as deleted_at,
        loaded_at
    from gone
    where row_rank = 1 and not _is_deleted
),

read as (
    select
        source,
        _key as ticket_id,
        payload,
        coalesce(
            try_cast({{ json_text('payload', '$.conversation_parts.total_count') }} as bigint) > 500,
            false
        ) as is_cut_short,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as created_at,
        {{ instant_of_epoch(json_text('payload', '$.updated_at')) }} as updated_at,
        loaded_at
    from details
    where row_rank = 1 and payload is not null
),

joined as (
    select
        read.source,
        read.ticket_id,
        read.payload,
        read.is_cut_short,
        read.created_at,
        read.updated_at,
        deletions.ticket_id is not null as is_deleted,
        deletions.deleted_at,
        coalesce(deletions.loaded_at, read.loaded_at) as loaded_at
    from read
    left join deletions
        on read.source = deletions.source and read.ticket_id = deletions.ticket_id
)

select * from joined
