-- What happened to a ticket, out of its versions. What stats tell is exact; the rest is dated by the
-- last update of the version in which it is first seen, and unknown before the first version.
with

versions as (
    select * from {{ ref('stg_freshdesk__versions') }}
),

ticket_merges as (
    select * from {{ ref('stg_freshdesk__ticket_merges') }}
),

users as (
    select * from {{ ref('stg_freshdesk__users') }}
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'freshdesk' and signal = 'ticket_tag'
),

pairs as (
    {{ version_pairs('versions', ['is_deleted', 'resolved_at', 'closed_at', 'reopened_at']) }}
),

-- An instant of the stats that the version before did not have.
compared as (
    select
        *,
        nullif(resolved_at, old_resolved_at) as new_resolved_at,
        nullif(closed_at, old_closed_at) as new_closed_at,
        nullif(reopened_at, old_reopened_at) as new_reopened_at,
        coalesce(status, '') <> coalesce(old_status, '') as is_new_status
    from pairs
),

{{ version_event_ctes('compared', changed_at='updated_at', category_changed_at='updated_at') }},

reopened as (
    select
        source, ticket_id, version_no, 1 as place, 'reopened' as part,
        new_reopened_at as occurred_at, 'reopened' as event_type,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where new_reopened_at is not null
),

status_changes as (
    select
        source, ticket_id, version_no, 2 as place, 'status' as part,
        coalesce(status_updated_at, updated_at) as occurred_at, 'status_changed' as event_type,
        old_status as from_value, status as to_value, loaded_at
    from compared
    where status not in ('resolved', 'closed')
        and case when is_first then status_updated_at > created_at else is_new_status end
        and not (status = 'open' and new_reopened_at is not null)
),

-- Of several tags that say the same, the one with a reason says more.
ai_signals as (
    select
        tags_added.source, tags_added.ticket_id, tags_added.version_no, 8 as place,
        'ai|' || split_part(signals.target, ':', 1) as part,
        min(least(
            tags_added.updated_at, tags_added.new_resolved_at, tags_added.new_closed_at
        )) as occurred_at,
        split_part(signals.target, ':', 1) as event_type,
        cast(null as varchar) as from_value,
        max(nullif(split_part(signals.target, ':', 2), '')) as to_value,
        min(tags_added.loaded_at) as loaded_at
    from tags_added
    inner join signals on lower(tags_added.tag) = signals.source_value
    group by
        tags_added.source, tags_added.ticket_id, tags_added.version_no,
        split_part(signals.target, ':', 1)
),

resolved as (
    select
        source, ticket_id, version_no, 9 as place, 'resolved' as part,
        coalesce(new_resolved_at, updated_at) as occurred_at, 'resolved' as event_type,
        old_status as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where new_resolved_at is not null
        or (status = 'resolved' and is_new_status and resolved_at is null)
),

closed as (
    select
        source, ticket_id, version_no, 10 as place, 'closed' as part,
        coalesce(new_closed_at, updated_at) as occurred_at, 'closed' as event_type,
        old_status as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where new_closed_at is not null
        or (status = 'closed' and is_new_status and closed_at is null)
),

deletions as (
    select
        source, ticket_id, version_no, 12 as place, 'deleted' as part, updated_at as occurred_at,
        case when is_deleted then 'deleted' else 'restored' end as event_type,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where is_deleted <> coalesce(old_is_deleted, false)
),

unioned as (
    select * from version_events
    union all
    select * from reopened
    union all
    select * from status_changes
    union all
    select * from ai_signals
    union all
    select * from resolved
    union all
    select * from closed
    union all
    select * from deletions
),

renamed as (
    select
        source,
        ticket_id || '|' || cast(version_no as {{ text_type() }}) || '|' || part as event_id,
        ticket_id,
        occurred_at,
        event_type,
        from_value,
        to_value,
        case when event_type = 'handoff' then to_value end as reason,
        cast(null as varchar) as actor_kind,
        cast(null as varchar) as actor_id,
        version_no * 20 + place as seq,
        loaded_at
    from unioned
    where occurred_at is not null

    union all

    select
        ticket_merges.source,
        ticket_merges.message_id || '|merge' as event_id,
        ticket_merges.ticket_id,
        ticket_merges.occurred_at,
        'merged_into' as event_type,
        cast(null as varchar) as from_value,
        ticket_merges.merged_into as to_value,
        cast(null as varchar) as reason,
        users.agent_kind as actor_kind,
        ticket_merges.author_id as actor_id,
        cast(null as bigint) as seq,
        ticket_merges.loaded_at
    from ticket_merges
    left join users
        on ticket_merges.source = users.source and ticket_merges.author_id = users.user_id
)

select * from renamed
