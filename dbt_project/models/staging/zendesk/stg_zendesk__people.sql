-- People and bots as last told, of each what stands in its own document.
{{ config(materialized='incremental', unique_key='source, user_id') }}

with

users as (
    {{ newest_documents(source('landed', 'zendesk_users')) }}
),

read as (
    select
        source,
        _key as user_id,
        {{ json_text('payload', '$.role') }} as role,
        {{ json_text('payload', '$.name') }} as user_name,
        lower(trim({{ json_text('payload', '$.email') }})) as email,
        trim({{ json_text('payload', '$.phone') }}) as phone,
        {{ json_list('payload', '$.tags') }} as tags,
        {{ json_text('payload', '$.default_group_id') }} as group_id,
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        loaded_at
    from users
    where row_rank = 1 and not _is_deleted
),

told as (
    select
        * exclude (tags),
        {{ text_list('tags') }} as tags,
        {%- for tag in ['test', 'internal'] %}
        coalesce({{ has_item('tags', tag) }}, false) as is_{{ tag }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from read
)

select * from told
