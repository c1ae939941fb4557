{{ config(materialized='incremental', unique_key='source, entry_id') }}

with

entries as (
    {{ newest_documents(source('landed', 'freshdesk_time_entries')) }}
),

read as (
    select
        source,
        _key as entry_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ json_text('payload', '$.agent_id') }} as agent_id,
        {{ instant('coalesce(' ~ json_text('payload', '$.executed_at') ~ ', '
            ~ json_text('payload', '$.start_time') ~ ')') }} as started_at,
        {{ json_text('payload', '$.time_spent') }} as time_spent,
        coalesce({{ json_text('payload', '$.timer_running') }} = 'true', false) as is_running,
        loaded_at
    from entries
    where row_rank = 1 and not _is_deleted
),

counted as (
    select
        *,
        try_cast(split_part(time_spent, ':', 1) as bigint) * 3600
            + try_cast(split_part(time_spent, ':', 2) as bigint) * 60 as seconds
    from read
    where not is_running
),

renamed as (
    select
        source,
        entry_id,
        ticket_id,
        agent_id,
        started_at,
        seconds,
        'tracked' as method,
        loaded_at
    from counted
    where seconds > 0
)

select * from renamed
