-- What happened to a ticket. Tags of an AI agent that a map knows tell of its handoffs and outcomes.
with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where occurred_at is not null
        and (field_name is not null or change_type = 'SurveyOffered')
),

ticket_merges as (
    select * from {{ ref('stg_zendesk__ticket_merges') }}
),

survey_responses as (
    select * from {{ ref('stg_zendesk__survey_responses') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

fields as (
    select * from {{ ref('stg_zendesk__fields') }}
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'zendesk'
),

signals as (
    select * from {{ ref('map_ai_signal') }}
    where kind = 'zendesk' and signal = 'ticket_tag'
),

spam_audits as (
    select distinct
        source,
        audit_id
    from changes
    where is_tagged_spam
),

-- To call a ticket spam is to delete it there.
status_changes as (
    select
        changes.source, changes.ticket_id, changes.change_id, 'status' as part,
        changes.occurred_at,
        case
            when statuses.target = 'deleted' and spam_audits.audit_id is not null
                then 'spam_marked'
            when changes.change_type = 'Create' and statuses.target = 'new' then 'created'
            when statuses.target in ('resolved', 'closed', 'deleted') then statuses.target
            when changes.old_value = 'deleted' then 'restored'
            else 'status_changed'
        end as event_type,
        changes.old_value as from_value,
        case when statuses.target not in ('resolved', 'closed', 'deleted')
            then coalesce(statuses.target, 'unmapped') end as to_value,
        changes.author_id, changes.loaded_at
    from changes
    left join statuses on changes.new_value = statuses.source_value
    left join spam_audits
        on changes.source = spam_audits.source and changes.audit_id = spam_audits.audit_id
    where changes.field_name = 'status' and changes.new_value is not null
),

assignments as (
    select
        source, ticket_id, change_id, 'assignee' as part, occurred_at,
        case when new_value is null then 'unassigned' else 'assigned' end as event_type,
        old_value as from_value, new_value as to_value, author_id, loaded_at
    from changes
    where field_name = 'assignee_id' and (new_value is not null or old_value is not null)
),

priorities as (
    select
        source, ticket_id, change_id, 'priority' as part, occurred_at,
        'priority_set' as event_type, old_value as from_value, new_value as to_value, author_id,
        loaded_at
    from changes
    where field_name = 'priority' and new_value is not null
),

categories as (
    select
        changes.source, changes.ticket_id, changes.change_id, 'category' as part,
        changes.occurred_at, 'category_set' as event_type, changes.old_value as from_value,
        changes.new_value as to_value, changes.author_id, changes.loaded_at
    from changes
    inner join fields
        on changes.source = fields.source and changes.field_name = fields.field_id
    where fields.target = 'category' and changes.new_value is not null
),

-- The same offer is told by a response, by an audit and by the ticket's own field.
offers as (
    select
        source, ticket_id, min(survey_response_id) as change_id, offered_at as occurred_at,
        '-1' as author_id, min(loaded_at) as loaded_at, 1 as trust
    from survey_responses
    group by source, ticket_id, offered_at

    union all

    select source, ticket_id, change_id, occurred_at, author_id, loaded_at, 2 as trust
    from changes
    where change_type = 'SurveyOffered'

    union all

    select source, ticket_id, change_id, occurred_at, author_id, loaded_at, 3 as trust
    from changes
    where field_name = 'satisfaction_score' and new_value = 'offered'
),

most_trusted as (
    select
        source,
        ticket_id,
        min(trust) as trust
    from offers
    group by source, ticket_id
),

surveys as (
    select
        offers.source, offers.ticket_id, offers.change_id, 'survey' as part, offers.occurred_at,
        'survey_sent' as event_type, cast(null as varchar) as from_value,
        cast(null as varchar) as to_value, offers.author_id, offers.loaded_at
    from offers
    inner join most_trusted
        on offers.source = most_trusted.source
        and offers.ticket_id = most_trusted.ticket_id
        and offers.trust = most_trusted.trust

    union all

    select
        source, ticket_id, change_id, 'survey' as part, occurred_at,
        'survey_answered' as event_type, old_value as from_value,
        cast(null as varchar) as to_value, author_id, loaded_at
    from changes
    where field_name = 'satisfaction_score' and new_value not in ('unoffered', 'offered')
),

tag_changes as (
    {%- for event_type, tags in [
        ('tag_added', 'tags_added'), ('tag_removed', 'tags_removed')
    ] %}
    select
        source, ticket_id, change_id, occurred_at, author_id, loaded_at,
        {{ items_of(tags) }} as tag, '{{ event_type }}' as event_type
    from changes
    {{ 'union all\n' if not loop.last }}
    {%- endfor %}
),

tags as (
    select
        source, ticket_id, change_id, 'tag|' || tag as part, occurred_at, event_type,
        cast(null as varchar) as from_value, tag as to_value, author_id, loaded_at
    from tag_changes
),

-- Of several tags that say the same, the one with a reason says more.
told_by_ai as (
    select
        tag_changes.*,
        split_part(signals.target, ':', 1) as told,
        nullif(split_part(signals.target, ':', 2), '') as said
    from tag_changes
    inner join signals on lower(tag_changes.tag) = signals.source_value
    where tag_changes.event_type = 'tag_added'
),

ai_signals as (
    select
        source, ticket_id, change_id, 'ai|' || told as part, min(occurred_at) as occurred_at,
        told as event_type, cast(null as varchar) as from_value, max(said) as to_value,
        min(author_id) as author_id, min(loaded_at) as loaded_at
    from told_by_ai
    group by source, ticket_id, change_id, told
),

merged as (
    select
        source, ticket_id, change_id, 'merge' as part, occurred_at, 'merged_into' as event_type,
        cast(null as varchar) as from_value, merged_into as to_value, author_id, loaded_at
    from ticket_merges

    union all

    select
        source, ticket_id, change_id, 'merge' as part, occurred_at, 'unmerged' as event_type,
        cast(null as varchar) as from_value, cast(null as varchar) as to_value, author_id,
        loaded_at
    from tag_changes
    where event_type = 'tag_removed' and tag = 'closed_by_merge'
),

unioned as (
    select * from status_changes
    union all
    select * from assignments
    union all
    select * from priorities
    union all
    select * from categories
    union all
    select * from surveys
    union all
    select * from tags
    union all
    select * from ai_signals
    union all
    select * from merged
),

renamed as (
    select
        unioned.source,
        unioned.change_id || '|' || unioned.part as event_id,
        unioned.ticket_id,
        unioned.occurred_at,
        unioned.event_type,
        unioned.from_value,
        unioned.to_value,
        case when unioned.event_type = 'handoff' then unioned.to_value end as reason,
        case
            when unioned.author_id = '-1' then 'system'
            when users.user_id is null then null
            when not users.is_agent then 'customer'
            else users.agent_kind
        end as actor_kind,
        case when unioned.author_id <> '-1' then unioned.author_id end as actor_id,
        try_cast(unioned.change_id as bigint) as seq,
        unioned.loaded_at
    from unioned
    left join users on unioned.source = users.source and unioned.author_id = users.user_id
)

select * from renamed
