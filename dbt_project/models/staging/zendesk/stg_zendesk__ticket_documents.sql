-- Tickets as last told, of each what stands in its own document.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

tickets as (
    {{ newest_documents(source('landed', 'zendesk_tickets')) }}
),

read as (
    select
        source,
        _key as ticket_id,
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        {{ instant(json_text('payload', '$.updated_at')) }} as updated_at,
        {{ json_text('payload', '$.requester_id') }} as customer_id,
        lower({{ json_text('payload', '$.via.channel') }}) as via_channel,
        {{ json_text('payload', '$.status') }} as status,
        lower(trim({{ json_text('payload', '$.priority') }})) as priority,
        {{ json_text('payload', '$.group_id') }} as group_id,
        {{ json_text('payload', '$.assignee_id') }} as assignee_id,
        {{ json_text('payload', '$.brand_id') }} as brand,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ fields_of_list('payload', '$.custom_fields', '$.id', '$.value') }} as custom_fields,
        _is_deleted,
        loaded_at
    from tickets
    where row_rank = 1
),

told as (
    select
        * exclude (subject),
        {{ hash_text('subject') }} as subject_hash,
        case when not _is_deleted then {{ order_number_list('subject') }} end as order_numbers,
        {%- for tag in ['spam', 'test', 'closed_by_merge'] %}
        coalesce({{ has_item('tags', tag) }}, false) as is_tagged_{{ tag }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
)

select * from told
