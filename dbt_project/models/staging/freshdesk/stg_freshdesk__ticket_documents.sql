-- Every version of a ticket that was landed, in the order of landing, of each what stands in its own
-- document. The only reader of texts, with that of conversations: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, ticket_id') }}

with

tickets as (
    {{ newest_documents(source('landed', 'freshdesk_tickets')) }}
),

read as (
    select
        source,
        _key as ticket_id,
        row_number() over (partition by source, _key order by row_rank desc) as version_no,
        row_rank = 1 as is_newest,
        {%- for name in [
            'created_at', 'updated_at', 'stats.first_responded_at', 'stats.status_updated_at',
            'stats.reopened_at', 'stats.resolved_at', 'stats.closed_at',
        ] %}
        {{ instant(json_text('payload', '$.' ~ name)) }} as {{ name.split('.')[-1] }},
        {%- endfor %}
        {{ json_text('payload', '$.requester_id') }} as customer_id,
        lower(trim({{ json_text('payload', '$.requester.email') }})) as customer_email,
        {{ json_text('payload', '$.source') }} as source_code,
        {{ json_text('payload', '$.status') }} as status_code,
        {{ json_text('payload', '$.priority') }} as priority_code,
        {{ json_text('payload', '$.group_id') }} as group_id,
        {{ json_text('payload', '$.responder_id') }} as assignee_id,
        {{ json_text('payload', '$.product_id') }} as brand,
        {{ json_text('payload', '$.type') }} as ticket_type,
        {{ json_text('payload', '$.subject') }} as subject,
        {{ json_text('payload', '$.description_text') }} as description,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ texts_by_key('payload', '$.custom_fields') }} as custom_fields,
        coalesce({{ json_text('payload', '$.spam') }} = 'true', false) as is_spam,
        coalesce({{ json_text('payload', '$.deleted') }} = 'true', false) as is_deleted,
        loaded_at
    from tickets
    where not _is_deleted
),

told as (
    select
        * exclude (subject, description),
        {{ hash_text('subject') }} as subject_hash,
        length(description) as char_count,
        case when is_newest
            then {{ order_number_list("concat_ws(' ', subject, description)") }}
        end as order_numbers,
        coalesce({{ has_item('tags', 'test') }}, false) as is_test
    from read
)

select * from told
