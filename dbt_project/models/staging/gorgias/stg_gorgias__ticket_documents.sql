-- Tickets as last seen, of each what stands in its own document. A snoozed ticket is closed until a
-- time.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

tickets as (
    {{ newest_documents(source('landed', 'gorgias_tickets')) }}
),

gone as (
    select
        source,
        _key,
        loaded_at
    from tickets
    where row_rank = 1 and _is_deleted
),

last_seen as (
    select
        tickets.source,
        tickets._key as ticket_id,
        tickets.payload,
        gone._key is not null as is_gone,
        coalesce(gone.loaded_at, tickets.loaded_at) as loaded_at
    from tickets
    left join gone on tickets.source = gone.source and tickets._key = gone._key
    where tickets.row_rank = case when gone._key is null then 1 else 2 end
),

read as (
    select
        source,
        ticket_id,
        {{ utc_instant_of('payload', '$.created_datetime') }} as created_at,
        {{ utc_instant_of('payload', '$.updated_datetime') }} as updated_at,
        {{ json_text('payload', '$.customer.id') }} as customer_id,
        lower(trim({{ json_text('payload', '$.customer.email') }})) as customer_email,
        lower({{ json_text('payload', '$.channel') }}) as channel,
        case
            when {{ json_text('payload', '$.status') }} = 'closed'
                and {{ json_text('payload', '$.snooze_datetime') }} is not null then 'snoozed'
            else {{ json_text('payload', '$.status') }}
        end as status,
        {{ json_text('payload', '$.priority') }} as priority,
        {{ json_text('payload', '$.assignee_team.name') }} as team,
        coalesce(
            {{ json_text('payload', '$.assignee_user.id') }},
            {{ json_text('payload', '$.assignee_user_id') }}
        ) as assignee_id,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_values('payload', '$.tags[*].name') }} as tags,
        {{ json_text('payload', '$.language') }} as language,
        coalesce({{ json_text('payload', '$.spam') }} = 'true', false) as is_spam,
        {{ utc_instant_of('payload', '$.trashed_datetime') }} as trashed_at,
        {{ fields_of_list('payload', '$.custom_fields.*', '$.id', '$.value') }} as custom_fields,
        is_gone,
        loaded_at
    from last_seen
),

told as (
    select
        * exclude (subject),
        {{ hash_text('subject') }} as subject_hash,
        case when not is_gone then {{ order_number_list('subject') }} end as order_numbers,
        coalesce({{ has_item('tags', 'test') }}, false) as is_test
    from read
)

select * from told
