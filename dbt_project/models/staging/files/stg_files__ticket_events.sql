with

landed as (
    {{ newest_rows(source('landed', 'files_ticket_events')) }}
),

renamed as (
    select
        source,
        _key as event_id,
        ticket_id,
        occurred_at,
        event_type,
        from_value,
        to_value,
        reason,
        actor_kind,
        actor_id,
        seq,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
