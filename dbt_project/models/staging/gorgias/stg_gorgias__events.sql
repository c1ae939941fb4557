-- Events that are about a ticket, or about its survey. Whoever is not named as a user is a rule
-- where one was executed in the same context.
with

events as (
    select * from {{ ref('stg_gorgias__event_documents') }}
),

surveys as (
    select * from {{ ref('stg_gorgias__surveys') }}
),

agents as (
    select * from {{ ref('stg_gorgias__agents') }}
),

rules as (
    select distinct
        source,
        context
    from events
    where type = 'rule-executed'
),

joined as (
    select
        events.source,
        events.event_id,
        events.type,
        case
            when events.object_type = 'ticket' then events.object_id
            else coalesce(surveys.ticket_id, events.told_ticket_id)
        end as ticket_id,
        events.occurred_at,
        events.user_id as actor_id,
        case
            when agents.agent_id is not null then agents.kind
            when events.user_id is not null then 'human_agent'
            when rules.context is not null then 'automation'
            when events.type = 'satisfaction-survey-responded' then 'customer'
        end as actor_kind,
        events.assignee_id,
        events.team_id,
        events.split_from,
        events.tags_added,
        events.tags_removed,
        events.loaded_at
    from events
    left join surveys
        on events.source = surveys.source
        and events.object_type = 'satisfactionsurvey'
        and events.object_id = surveys.survey_id
    left join rules on events.source = rules.source and events.context = rules.context
    left join agents on events.source = agents.source and events.user_id = agents.agent_id
)

select * from joined
where ticket_id is not null and occurred_at is not null
