{{ config(materialized='incremental', unique_key='source, response_id') }}

with

ratings as (
    {{ newest_documents(source('landed', 'zendesk_satisfaction_ratings')) }}
),

read as (
    select
        source,
        _key as response_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ instant('coalesce(' ~ json_text('payload', '$.updated_at') ~ ', '
            ~ json_text('payload', '$.created_at') ~ ')') }} as rated_at,
        case
            when {{ json_text('payload', '$.score') }} like 'good%' then 'good'
            when {{ json_text('payload', '$.score') }} like 'bad%' then 'bad'
        end as score,
        loaded_at
    from ratings
    where row_rank = 1 and not _is_deleted
)

select * from read
