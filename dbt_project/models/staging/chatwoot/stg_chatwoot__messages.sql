-- Templates are greetings and the like; the survey among them is no message. What goes out without
-- a sender was sent by a rule or a campaign if it says so, else by a person elsewhere. What a customer
-- writes opens a resolved conversation; where it stayed resolved, nobody has to answer.
with

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
    where direction <> 'activity' and coalesce(content_type, '') <> 'input_csat'
),

agents as (
    select * from {{ ref('stg_chatwoot__agents') }}
),

versions as (
    select * from {{ ref('stg_chatwoot__versions') }}
    where is_newest and status = 'resolved'
),

reports as (
    select * from {{ ref('stg_chatwoot__reports') }}
    where report_name = 'conversation_resolved'
),

resolves as (
    select
        versions.source,
        versions.ticket_id,
        max(reports.occurred_at) as resolved_at,
        min(versions.active_at) as active_at
    from versions
    inner join reports
        on versions.source = reports.source and versions.ticket_id = reports.ticket_id
    group by versions.source, versions.ticket_id
),

renamed as (
    select
        entries.source,
        entries.message_id,
        entries.ticket_id,
        entries.sent_at,
        case
            when entries.direction = 'in' then 'customer'
            when entries.direction = 'template' or entries.rule_id is not null then 'automation'
            else coalesce(agents.kind, 'human_agent')
        end as author_kind,
        entries.author_id,
        not entries.is_private as is_public,
        entries.direction = 'template' or entries.is_auto_reply as is_auto,
        coalesce(
            entries.direction = 'in'
            and entries.sent_at > resolves.resolved_at
            and entries.sent_at <= resolves.active_at,
            false
        ) as is_gratitude,
        true as is_substantive,
        false as is_ai_assisted,
        cast(null as varchar) as recommended_skus,
        entries.char_count,
        try_cast(entries.message_id as bigint) as seq,
        entries.loaded_at
    from entries
    left join agents
        on entries.source = agents.source and entries.author_id = agents.agent_id
    left join resolves
        on entries.source = resolves.source and entries.ticket_id = resolves.ticket_id
)

select * from renamed
