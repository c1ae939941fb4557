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
    select
        later.*,
        later.version_no = 1 as is_first,
        {%- for name in [
            'status', 'assignee_id', 'team', 'priority', 'category', 'tags', 'is_spam',
            'active_at',
        ] %}
        earlier.{{ name }} as old_{{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from versions as later
    left join versions as earlier
        on later.source = earlier.source and later.ticket_id = earlier.ticket_id
        and later.version_no = earlier.version_no + 1
    where later.created_at is not null
),

compared as (
    select
        *,
        coalesce(status <> coalesce(old_status, 'open'), false) as is_new_status,
        coalesce(tags, '') <> coalesce(old_tags, '') as is_new_tags
    from pairs
),

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

created as (
    select
        source, ticket_id, version_no, 0 as place, 'created' as part, created_at as occurred_at,
        'created' as event_type, cast(null as varchar) as from_value,
        cast(null as varchar) as to_value, loaded_at
    from compared
    where is_first
),

teams as (
    select
        source, ticket_id, version_no, 3 as place, 'team' as part, active_at as occurred_at,
        'assigned' as event_type, old_team as from_value, team as to_value, loaded_at
    from compared
    where not is_first and team is not null and team is distinct from old_team
),

-- Who is responsible stays so when the team changes, which the event of the team does not say.
assignments as (
    select
        source, ticket_id, version_no, 4 as place, 'assignee' as part, active_at as occurred_at,
        case when assignee_id is null then 'unassigned' else 'assigned' end as event_type,
        old_assignee_id as from_value, assignee_id as to_value, loaded_at
    from compared
    where not is_first
        and (
            assignee_id is distinct from old_assignee_id
            or (assignee_id is not null and team is not null and team is distinct from old_team)
        )
),

priorities as (
    select
        source, ticket_id, version_no, 5 as place, 'priority' as part, active_at as occurred_at,
        'priority_set' as event_type, old_priority as from_value, priority as to_value, loaded_at
    from compared
    where not is_first and priority is not null and priority is distinct from old_priority
),

categories as (
    select
        source, ticket_id, version_no, 6 as place, 'category' as part, updated_at as occurred_at,
        'category_set' as event_type, old_category as from_value, category as to_value, loaded_at
    from compared
    where not is_first and category is not null and category is distinct from old_category
),

tags_after as (
    select
        source, ticket_id, version_no, active_at as occurred_at, loaded_at,
        {{ texts_of_list('tags') }} as tag
    from compared
    where not is_first and is_new_tags and tags is not null
),

tags_before as (
    select
        source, ticket_id, version_no, active_at as occurred_at, loaded_at,
        {{ texts_of_list('old_tags') }} as tag
    from compared
    where is_new_tags and old_tags is not null
),

tag_changes as (
    select tags_after.*, 'tag_added' as event_type
    from tags_after
    left join tags_before
        on tags_after.source = tags_before.source
        and tags_after.ticket_id = tags_before.ticket_id
        and tags_after.version_no = tags_before.version_no
        and tags_after.tag = tags_before.tag
    where tags_before.tag is null

    union all

    select tags_before.*, 'tag_removed' as event_type
    from tags_before
    left join tags_after
        on tags_before.source = tags_after.source
        and tags_before.ticket_id = tags_after.ticket_id
        and tags_before.version_no = tags_after.version_no
        and tags_before.tag = tags_after.tag
    where tags_after.tag is null
),

tags as (
    select
        source, ticket_id, version_no, 7 as place, 'tag|' || tag as part, occurred_at, event_type,
        cast(null as varchar) as from_value, tag as to_value, loaded_at
    from tag_changes
),

spam as (
    select
        source, ticket_id, version_no, 11 as place, 'spam' as part, active_at as occurred_at,
        case when is_spam then 'spam_marked' else 'spam_unmarked' end as event_type,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where is_spam <> coalesce(old_is_spam, false)
),

of_versions as (
    select * from created
    union all
    select * from teams
    union all
    select * from assignments
    union all
    select * from priorities
    union all
    select * from categories
    union all
    select * from tags
    union all
    select * from spam
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
    from of_versions
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
