with

landed as (
    {{ newest_rows(source('landed', 'files_time_entries')) }}
),

renamed as (
    select
        source,
        _key as entry_id,
        ticket_id,
        agent_id,
        started_at,
        seconds,
        coalesce(method, 'tracked') as method,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
