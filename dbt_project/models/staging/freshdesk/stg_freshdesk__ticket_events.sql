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
    select
        later.*,
        later.version_no = 1 as is_first,
        {%- for name in [
            'status', 'assignee_id', 'team', 'priority', 'category', 'tags', 'is_spam',
            'is_deleted', 'resolved_at', 'closed_at', 'reopened_at',
        ] %}
        earlier.{{ name }} as old_{{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from versions as later
    left join versions as earlier
        on later.source = earlier.source and later.ticket_id = earlier.ticket_id
        and later.version_no = earlier.version_no + 1
),

-- An instant of the stats that the version before did not have.
compared as (
    select
        *,
        nullif(resolved_at, old_resolved_at) as new_resolved_at,
        nullif(closed_at, old_closed_at) as new_closed_at,
        nullif(reopened_at, old_reopened_at) as new_reopened_at,
        coalesce(status, '') <> coalesce(old_status, '') as is_new_status,
        coalesce(tags, '') <> coalesce(old_tags, '') as is_new_tags
    from pairs
),

created as (
    select
        source, ticket_id, version_no, 0 as place, 'created' as part, created_at as occurred_at,
        'created' as event_type, cast(null as varchar) as from_value,
        cast(null as varchar) as to_value, loaded_at
    from compared
    where is_first
),

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

teams as (
    select
        source, ticket_id, version_no, 3 as place, 'team' as part, updated_at as occurred_at,
        'assigned' as event_type, old_team as from_value, team as to_value, loaded_at
    from compared
    where not is_first and team is not null and team is distinct from old_team
),

-- Who is responsible stays so when the team changes, which the event of the team does not say.
assignments as (
    select
        source, ticket_id, version_no, 4 as place, 'assignee' as part, updated_at as occurred_at,
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
        source, ticket_id, version_no, 5 as place, 'priority' as part, updated_at as occurred_at,
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
        source, ticket_id, version_no, is_first,
        updated_at as occurred_at,
        least(updated_at, new_resolved_at, new_closed_at) as told_at,
        loaded_at,
        {{ texts_of_list('tags') }} as tag
    from compared
    where is_new_tags and tags is not null
),

tags_before as (
    select
        source, ticket_id, version_no, updated_at as occurred_at, loaded_at,
        {{ texts_of_list('old_tags') }} as tag
    from compared
    where is_new_tags and old_tags is not null
),

tags_added as (
    select tags_after.*
    from tags_after
    left join tags_before
        on tags_after.source = tags_before.source
        and tags_after.ticket_id = tags_before.ticket_id
        and tags_after.version_no = tags_before.version_no
        and tags_after.tag = tags_before.tag
    where tags_before.tag is null
),

tags_removed as (
    select tags_before.*
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
        source, ticket_id, version_no, 7 as place, 'tag|' || tag as part, occurred_at,
        'tag_added' as event_type, cast(null as varchar) as from_value, tag as to_value, loaded_at
    from tags_added
    where not is_first

    union all

    select
        source, ticket_id, version_no, 7 as place, 'tag|' || tag as part, occurred_at,
        'tag_removed' as event_type, cast(null as varchar) as from_value, tag as to_value, loaded_at
    from tags_removed
),

-- Of several tags that say the same, the one with a reason says more.
ai_signals as (
    select
        tags_added.source, tags_added.ticket_id, tags_added.version_no, 8 as place,
        'ai|' || split_part(signals.target, ':', 1) as part,
        min(tags_added.told_at) as occurred_at,
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

spam as (
    select
        source, ticket_id, version_no, 11 as place, 'spam' as part, updated_at as occurred_at,
        case when is_spam then 'spam_marked' else 'spam_unmarked' end as event_type,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
    from compared
    where is_spam <> coalesce(old_is_spam, false)
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
    select * from created
    union all
    select * from reopened
    union all
    select * from status_changes
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
    select * from ai_signals
    union all
    select * from resolved
    union all
    select * from closed
    union all
    select * from spam
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
