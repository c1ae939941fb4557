-- What happened to a ticket: what the log of the reports tells, and the rest out of the versions of
-- the conversation.
with

versions as (
    select * from {{ ref('stg_chatwoot__versions') }}
),

reports as (
    select * from {{ ref('stg_chatwoot__reports') }}
),

entries as (
    select * from {{ ref('stg_chatwoot__entries') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'chatwoot' and signal = 'reporting_event'
),

pairs as (
    {{ version_pairs('versions', ['active_at']) }}
),

compared as (
    select
        *,
        coalesce(status <> coalesce(old_status, 'open'), false) as is_new_status
    from pairs
    where created_at is not null
),

{{ version_event_ctes('compared', changed_at='active_at', category_changed_at='updated_at') }},

logged as (
    select
        source, ticket_id, report_id, occurred_at, loaded_at,
        case report_name
            when 'conversation_resolved' then 'resolved'
            when 'conversation_opened' then 'open'
        end as status
    from reports
    where report_name in ('conversation_resolved', 'conversation_opened')
),

logged_changes as (
    select
        source, ticket_id, 'report|' || report_id as change_id, occurred_at,
        lag(status) over (
            partition by source, ticket_id order by occurred_at, try_cast(report_id as bigint)
        ) as old_status,
        status, loaded_at
    from logged
),

-- The log is written a little after the change, and an older one knows no openings.
unlogged_changes as (
    select
        compared.source, compared.ticket_id,
        compared.ticket_id || '|' || cast(compared.version_no as {{ text_type() }}) || '|status'
            as change_id,
        compared.active_at as occurred_at, compared.old_status, compared.status,
        compared.loaded_at
    from compared
    left join logged
        on compared.source = logged.source and compared.ticket_id = logged.ticket_id
        and compared.status = logged.status
        and (compared.is_first or logged.occurred_at > compared.old_active_at)
        and logged.occurred_at <= {{ add_seconds('compared.active_at', 60) }}
    where compared.is_new_status and logged.ticket_id is null
),

status_changes as (
    select * from logged_changes
    union all
    select * from unlogged_changes
),

statuses as (
    select
        source, ticket_id, change_id as event_id,
        case when status = 'resolved' then 9 else 1 end as place, occurred_at,
        case
            when status in ('resolved', 'snoozed') then status
            when status = 'open' and old_status = 'resolved' then 'reopened'
            else 'status_changed'
        end as event_type,
        old_status as from_value,
        case
            when status in ('resolved', 'snoozed') then null
            when status = 'open' and old_status = 'resolved' then null
            else status
        end as to_value,
        loaded_at
    from status_changes
),

ai_signals as (
    select
        reports.source, reports.ticket_id, 'report|' || reports.report_id || '|ai' as event_id,
        8 as place, reports.occurred_at, split_part(signals.target, ':', 1) as event_type,
        cast(null as varchar) as from_value,
        nullif(split_part(signals.target, ':', 2), '') as to_value, reports.loaded_at
    from reports
    inner join signals on reports.report_name = signals.source_value
),

surveys as (
    select
        source, ticket_id, message_id || '|survey' as event_id, 10 as place,
        sent_at as occurred_at, 'survey_sent' as event_type, cast(null as varchar) as from_value,
        cast(null as varchar) as to_value, loaded_at
    from entries
    where content_type = 'input_csat'
),

unioned as (
    select
        source, ticket_id,
        ticket_id || '|' || cast(version_no as {{ text_type() }}) || '|' || part as event_id,
        place, occurred_at, event_type, from_value, to_value, loaded_at
    from version_events
    union all
    select * from statuses
    union all
    select * from ai_signals
    union all
    select * from surveys
),

renamed as (
    select
        source,
        event_id,
        ticket_id,
        occurred_at,
        event_type,
        from_value,
        to_value,
        case when event_type = 'handoff' then to_value end as reason,
        cast(null as varchar) as actor_kind,
        cast(null as varchar) as actor_id,
        cast(place as bigint) as seq,
        loaded_at
    from unioned
    where occurred_at is not null
)

select * from renamed
