with

landed as (
    {{ newest_rows(source('landed', 'files_agents')) }}
),

renamed as (
    select
        source,
        agent_id,
        name,
        coalesce(kind, 'human_agent') as kind,
        {{ segment_text('team') }} as team,
        active_from,
        active_to,
        _loaded_at as loaded_at
    from landed
    where row_rank = 1
        and not _is_deleted
)

select * from renamed
