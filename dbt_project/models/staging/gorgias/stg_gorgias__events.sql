-- Events that are about a ticket, or about its survey. Whoever is not named as a user is a rule
-- where one was executed in the same context.
with

events as (
    {{ newest_documents(source('landed', 'gorgias_events')) }}
),

surveys as (
    {{ newest_documents(source('landed', 'gorgias_satisfaction_surveys')) }}
),

agents as (
    select * from {{ ref('stg_gorgias__agents') }}
),

read as (
    select
        source,
        _key as event_id,
        {{ json_text('payload', '$.type') }} as type,
        lower({{ json_text('payload', '$.object_type') }}) as object_type,
        {{ json_text('payload', '$.object_id') }} as object_id,
        {{ json_text('payload', '$.user_id') }} as user_id,
        {{ json_text('payload', '$.context') }} as context,
        {{ utc_instant_of('payload', '$.created_datetime') }} as occurred_at,
        payload,
        loaded_at
    from events
    where row_rank = 1 and not _is_deleted
),

tickets_of_surveys as (
    select
        source,
        _key as survey_id,
        {{ json_text('payload', '$.ticket_id') }} as ticket_id
    from surveys
    where row_rank = 1 and not _is_deleted
),

rules as (
    select distinct
        source,
        context
    from read
    where type = 'rule-executed'
),

joined as (
    select
        read.source,
        read.event_id,
        read.type,
        case
            when read.object_type = 'ticket' then read.object_id
            else coalesce(
                tickets_of_surveys.ticket_id, {{ json_text('read.payload', '$.data.ticket_id') }}
            )
        end as ticket_id,
        read.occurred_at,
        read.user_id as actor_id,
        case
            when agents.agent_id is not null then agents.kind
            when read.user_id is not null then 'human_agent'
            when rules.context is not null then 'automation'
            when read.type = 'satisfaction-survey-responded' then 'customer'
        end as actor_kind,
        read.payload,
        read.loaded_at
    from read
    left join tickets_of_surveys
        on read.source = tickets_of_surveys.source
        and read.object_type = 'satisfactionsurvey'
        and read.object_id = tickets_of_surveys.survey_id
    left join rules on read.source = rules.source and read.context = rules.context
    left join agents on read.source = agents.source and read.user_id = agents.agent_id
)

select * from joined
where ticket_id is not null and occurred_at is not null
