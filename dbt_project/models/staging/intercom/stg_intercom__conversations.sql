{{ config(materialized='incremental', unique_key='source, ticket_id') }}

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
        coalesce(
            try_cast({{ json_text('payload', '$.conversation_parts.total_count') }} as bigint) > 500,
            false
        ) as is_cut_short,
        {{ instant_of_epoch(json_text('payload', '$.created_at')) }} as created_at,
        {{ instant_of_epoch(json_text('payload', '$.updated_at')) }} as updated_at,
        {{ json_text('payload', '$.contacts.contacts[0].id') }} as customer_id,
        case when {{ json_text('payload', '$.source.author.type') }} in ('user', 'lead', 'contact')
            then lower(trim({{ json_text('payload', '$.source.author.email') }}))
        end as author_email,
        lower({{ json_text('payload', '$.source.type') }}) as source_type,
        {{ json_text('payload', '$.state') }} as state,
        lower(trim({{ json_text('payload', '$.priority') }})) as priority,
        {{ json_text('payload', '$.team_assignee_id') }} as team_id,
        {{ json_text('payload', '$.admin_assignee_id') }} as admin_id,
        {{ text_of_html(json_text('payload', '$.source.subject')) }} as subject,
        {{ json_texts('payload', '$.tags.tags[*].name') }} as tags,
        {{ fields_of_object('payload', '$.custom_attributes') }} as custom_attributes,
        {{ fields_of_list('payload', '$.linked_objects.data', '$.type', '$.id') }} as links,
        {%- for rating, place in [('rating', 'conversation_rating'), ('ai_rating', 'ai_agent')] %}
        {{ json_text('payload', '$.' ~ place ~ '.rating') }} as {{ rating }},
        {{ instant_of_epoch(json_text('payload', '$.' ~ place ~ '.created_at')) }}
            as {{ rating }}_created_at,
        {{ instant_of_epoch(json_text('payload', '$.' ~ place ~ '.updated_at')) }}
            as {{ rating }}_updated_at,
        {%- endfor %}
        {{ json_text('payload', '$.conversation_rating.teammate.type') }} as rated_type,
        {{ json_text('payload', '$.ai_agent.resolution_state') }} as resolution_state,
        {{ json_text('payload', '$.statistics.last_closed_by_id') }} as closed_by_id,
        {{ instant_of_epoch(json_text('payload', '$.statistics.first_assignment_at')) }}
            as assigned_at,
        try_cast(coalesce(
            {{ json_text('payload', '$.statistics.adjusted_handling_time') }},
            {{ json_text('payload', '$.statistics.handling_time') }}
        ) as bigint) as handling_s,
        loaded_at
    from details
    where row_rank = 1 and payload is not null
),

joined as (
    select
        read.* exclude (subject, loaded_at),
        {{ hash_text("nullif(read.subject, '')") }} as subject_hash,
        {{ order_number_list('read.subject') }} as order_numbers,
        coalesce({{ has_item('read.tags', 'spam') }}, false) as is_spam,
        coalesce({{ has_item('read.tags', 'test') }}, false) as is_test,
        deletions.ticket_id is not null as is_deleted,
        deletions.deleted_at,
        coalesce(deletions.loaded_at, read.loaded_at) as loaded_at
    from read
    left join deletions
        on read.source = deletions.source and read.ticket_id = deletions.ticket_id
)

select * from joined
