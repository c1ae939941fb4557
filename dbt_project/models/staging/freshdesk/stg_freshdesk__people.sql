-- Agents and contacts as last told, of each what stands in its own documents. One who is listed as
-- both is an agent.
{{ config(materialized='incremental', unique_key='source, user_id') }}

with

agents as (
    {{ newest_documents(source('landed', 'freshdesk_agents')) }}
),

contacts as (
    {{ newest_documents(source('landed', 'freshdesk_contacts')) }}
),

told as (
    select
        source,
        _key as user_id,
        true as is_listed_agent,
        {{ json_text('payload', '$.contact.name') }} as user_name,
        {{ json_text('payload', '$.contact.job_title') }} as title,
        lower(trim({{ json_text('payload', '$.contact.email') }})) as email,
        trim({{ json_text('payload', '$.contact.phone') }}) as phone,
        cast(null as varchar) as tags,
        {{ json_text('payload', '$.group_ids[0]') }} as group_id,
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        row_rank,
        loaded_at
    from agents
    where not _is_deleted

    union all

    select
        source,
        _key as user_id,
        false as is_listed_agent,
        {{ json_text('payload', '$.name') }} as user_name,
        {{ json_text('payload', '$.job_title') }} as title,
        lower(trim({{ json_text('payload', '$.email') }})) as email,
        trim(coalesce(
            {{ json_text('payload', '$.phone') }}, {{ json_text('payload', '$.mobile') }}
        )) as phone,
        {{ json_list('payload', '$.tags') }} as tags,
        cast(null as varchar) as group_id,
        {{ instant(json_text('payload', '$.created_at')) }} as created_at,
        row_rank,
        loaded_at
    from contacts
    where not _is_deleted
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, user_id order by is_listed_agent desc, row_rank
        ) as user_rank
    from told
),

people as (
    select
        * exclude (tags, row_rank, user_rank),
        {%- for tag in ['test', 'internal'] %}
        coalesce({{ has_item('tags', tag) }}, false) as is_{{ tag }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from ranked
    where user_rank = 1
)

select * from people
