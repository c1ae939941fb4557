-- One row a change that an audit made to a ticket, from the export of events or, where an account
-- has none and for what it withholds yet, from each ticket's audits: the same in two shapes.
-- The only reader of texts, with that of tickets: what leaves is order numbers.
{{ config(materialized='incremental', unique_key='source, audit_id') }}

with

exported as (
    {{ newest_documents(source('landed', 'zendesk_ticket_events')) }}
),

audited as (
    {{ newest_documents(source('landed', 'zendesk_ticket_audits')) }}
),

-- What a ticket's audits have told before the export is known since then, and nothing new.
exported_changes as (
    select
        exported.source,
        exported._key as audit_id,
        {{ json_text('exported.payload', '$.ticket_id') }} as ticket_id,
        {{ json_text('exported.payload', '$.created_at') }} as created_at,
        {{ json_text('exported.payload', '$.updater_id') }} as author_id,
        {{ json_text('exported.payload', '$.via.channel') }} as via_channel,
        {{ json_items('exported.payload', '$.child_events') }} as change,
        coalesce(least(exported.loaded_at, audited.loaded_at), exported.loaded_at) as loaded_at
    from exported
    left join audited
        on exported.source = audited.source
        and exported._key = audited._key
        and audited.row_rank = 1
    where exported.row_rank = 1 and not exported._is_deleted
),

audited_changes as (
    select
        source,
        _key as audit_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id,
        {{ json_text('payload', '$.created_at') }} as created_at,
        {{ json_text('payload', '$.author_id') }} as author_id,
        {{ json_text('payload', '$.via.channel') }} as via_channel,
        {{ json_items('payload', '$.events') }} as change,
        loaded_at
    from audited
    where row_rank = 1
        and not _is_deleted
        and not exists (
            select 1 from exported
            where exported.source = audited.source and exported._key = audited._key
        )
),

-- An exported change names its field by having it.
named as (
    select
        *,
        {{ json_text('change', '$.event_type') }} as change_type,
        {{ first_key_of('change', [
            'status', 'assignee_id', 'priority', 'tags', 'satisfaction_score',
            'custom_ticket_fields',
        ]) }} as field_name
    from exported_changes
),

read as (
    select
        source, audit_id, ticket_id, created_at, author_id, via_channel, change, change_type,
        case
            when field_name = 'custom_ticket_fields'
                then {{ only_key('change', '$.custom_ticket_fields') }}
            else field_name
        end as field_name,
        case
            when field_name = 'status' then {{ json_text('change', '$.status') }}
            when field_name = 'assignee_id' then {{ json_text('change', '$.assignee_id') }}
            when field_name = 'priority' then {{ json_text('change', '$.priority') }}
            when field_name = 'tags' then {{ json_text('change', '$.tags') }}
            when field_name = 'satisfaction_score'
                then {{ json_text('change', '$.satisfaction_score') }}
            else {{ only_value('change', '$.custom_ticket_fields') }}
        end as new_value,
        loaded_at
    from named

    union all

    select
        source, audit_id, ticket_id, created_at, author_id, via_channel, change,
        {{ json_text('change', '$.type') }} as change_type,
        {{ json_text('change', '$.field_name') }} as field_name,
        {{ json_text('change', '$.value') }} as new_value,
        loaded_at
    from audited_changes
),

typed as (
    select
        source,
        audit_id,
        {{ json_text('change', '$.id') }} as change_id,
        ticket_id,
        {{ instant('coalesce(' ~ json_text('change', '$.created_at') ~ ', created_at)') }}
            as occurred_at,
        coalesce({{ json_text('change', '$.author_id') }}, author_id) as author_id,
        coalesce({{ json_text('change', '$.via.channel') }}, via_channel) as via_channel,
        change_type,
        field_name,
        new_value,
        {{ json_text('change', '$.previous_value') }} as old_value,
        {{ json_text('change', '$.body') }} as body,
        {{ json_text('change', '$.survey_response_id') }} as survey_response_id,
        coalesce({{ json_text('change', '$.public') }} = 'true', false) as is_public,
        {%- for mark in ['auto', 'gratitude', 'substantive', 'ai_assisted'] %}
        {{ json_text('change', '$.metadata.custom.' ~ mark) }} as {{ mark }},
        {%- endfor %}
        {{ json_list('change', '$.metadata.custom.recommended_skus') }} as recommended_skus,
        loaded_at
    from read
),

told as (
    select
        * exclude (body),
        length(body) as char_count,
        {{ first_match('body', 'closed and merged into request #([0-9]+)') }} as merged_into,
        {{ order_number_list('body') }} as order_numbers,
        {%- set tags = "case when field_name = 'tags' then " %}
        {{ items_beyond(
            tags ~ text_list('new_value') ~ ' end', text_list('old_value')
        ) }} as tags_added,
        {{ items_beyond(
            tags ~ text_list('old_value') ~ ' end', text_list('new_value')
        ) }} as tags_removed,
        coalesce(field_name = 'tags' and {{ has_item('new_value', 'spam') }}, false)
            as is_tagged_spam
    from typed
)

select * from told
