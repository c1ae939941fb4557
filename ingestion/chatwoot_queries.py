"""What is asked of a Chatwoot's own PostgreSQL: documents in the API's shape, made in SQL.

The models read one shape whatever way it came, so each query gives its rows as the JSON that the
API answers with: enums by their names, instants in seconds since 1970, conversations by the number
that people see. What nobody reads and would cost a look-up of its own (unread counts, the last
message, avatars) is left out, and so is what an administrator's API shows of passwords and tokens.

Of `users`, `agent_bots`, `inboxes` and `channel_twilio_sms` columns are named one by one, since a
careful owner grants no more of them. Columns that only newer versions have are read by way of the
row as JSON, which has no key for them elsewhere.
"""

from ingestion.chatwoot_shapes import (
    CONTACT,
    CONTENT_TYPES,
    DELIVERIES,
    KNOWN,
    PRIORITIES,
    STATUSES,
    USER,
    epoch,
    named,
    page,
)

OPTIONAL = {
    "captain_assistants": "(select null::bigint as id, null::text as name where false)",
    "channel_twilio_sms": "(select null::bigint as id, null::integer as medium where false)",
}
"""Tables that not every Chatwoot has or shows, and what stands for them there."""

CONVERSATIONS = f"""
with {page("conversations", "updated_at")},

-- Until one column holds both, an agent bot that is assigned has a column of its own.
assigned as (
    select
        id,
        coalesce(
            row ->> 'assignee_type',
            case
                when row ->> 'assignee_agent_bot_id' is not null then 'AgentBot'
                when row ->> 'assignee_id' is not null then 'User'
            end
        ) as kind,
        coalesce(row ->> 'assignee_agent_bot_id', row ->> 'assignee_id')::bigint as assignee_id
    from (select id, to_jsonb(page) as row from page) as rows
),

documents as (
    select
        page.updated_at as at,
        page.id,
        json_build_object(
            'id', page.display_id,
            'account_id', page.account_id,
            'inbox_id', page.inbox_id,
            'uuid', page.uuid,
            'status', {named("page.status", STATUSES)},
            'priority', {named("page.priority", PRIORITIES)},
            'labels', (
                select coalesce(json_agg(trim(label)), '[]')
                from regexp_split_to_table(page.cached_label_list, ',') as label
                where trim(label) <> ''
            ),
            'additional_attributes', page.additional_attributes,
            'custom_attributes', page.custom_attributes,
            'created_at', {epoch("page.created_at")},
            'updated_at', extract(epoch from page.updated_at),
            'last_activity_at', {epoch("page.last_activity_at")},
            'first_reply_created_at', coalesce({epoch("page.first_reply_created_at")}, 0),
            'waiting_since', coalesce({epoch("page.waiting_since")}, 0),
            'snoozed_until', page.snoozed_until at time zone 'UTC',
            'meta', json_build_object(
                'sender', case when contacts.id is not null then {CONTACT} end,
                'channel', inboxes.channel_type,
                'team', case when teams.id is not null
                    then json_build_object('id', teams.id, 'name', teams.name) end,
                'assignee_type', assigned.kind,
                'assignee', case
                    when users.id is not null then {USER}
                    when assigned.kind <> 'User'
                        then json_build_object('id', assigned.assignee_id)
                end
            )
        ) as document
    from page
    inner join assigned on page.id = assigned.id
    left join contacts on page.contact_id = contacts.id
    left join inboxes on page.inbox_id = inboxes.id
    left join teams on page.team_id = teams.id
    left join users on assigned.kind = 'User' and assigned.assignee_id = users.id
)

select * from documents order by at, id
"""

# Rails stores a message's attributes as JSON within a JSON text.
MESSAGES = f"""
with asked as (
    select id, display_id from conversations
    where account_id = %(account)s and display_id = any(%(conversations)s)
),

documents as (
    select
        json_build_object(
            'id', messages.id,
            'conversation_id', asked.display_id,
            'inbox_id', messages.inbox_id,
            'message_type', messages.message_type,
            'content_type', {named("messages.content_type", CONTENT_TYPES)},
            'content', messages.content,
            'content_attributes', case
                when json_typeof(messages.content_attributes::json) = 'string'
                    then nullif(messages.content_attributes #>> '{{}}', '')::json
                else messages.content_attributes::json
            end,
            'additional_attributes', messages.additional_attributes,
            'private', messages.private,
            'status', {named("messages.status", DELIVERIES)},
            'source_id', messages.source_id,
            'created_at', {epoch("messages.created_at")},
            'sender_type', messages.sender_type,
            'sender_id', messages.sender_id,
            'sender', case when messages.sender_id is not null then json_build_object(
                'id', messages.sender_id,
                'name', coalesce(users.name, agent_bots.name, assistants.name, contacts.name),
                'available_name', coalesce(
                    nullif(users.display_name, ''), users.name, agent_bots.name, assistants.name
                )
            ) end
        ) as document
    from asked
    inner join messages on asked.id = messages.conversation_id
    left join users on messages.sender_type = 'User' and messages.sender_id = users.id
    left join agent_bots
        on messages.sender_type = 'AgentBot' and messages.sender_id = agent_bots.id
    left join captain_assistants as assistants
        on messages.sender_type = 'Captain::Assistant' and messages.sender_id = assistants.id
    left join contacts on messages.sender_type = 'Contact' and messages.sender_id = contacts.id
)

select * from documents
"""

# A page of events becomes the whole log of each of their conversations, at the last event of it.
REPORTING_EVENTS = f"""
with {page("reporting_events", "created_at")},

placed as (
    select
        *,
        row_number() over (partition by conversation_id order by created_at desc, id desc) as place
    from page
),

documents as (
    select
        placed.created_at as at,
        placed.id,
        case when placed.place = 1 then (
            select json_build_object(
                'conversation_id', conversations.display_id,
                'events', json_agg(
                    json_build_object(
                        'id', events.id,
                        'name', events.name,
                        'value', events.value,
                        'value_in_business_hours', events.value_in_business_hours,
                        'user_id', events.user_id,
                        'event_start_time', events.event_start_time at time zone 'UTC',
                        'event_end_time', events.event_end_time at time zone 'UTC',
                        'created_at', events.created_at at time zone 'UTC'
                    ) order by events.id
                )
            )
            from conversations
            inner join reporting_events as events on conversations.id = events.conversation_id
            where conversations.id = placed.conversation_id
                and conversations.account_id = placed.account_id
            group by conversations.display_id
        ) end as document
    from placed
)

select * from documents order by at, id
"""

CONTACTS = f"""
with {page("contacts", "updated_at", KNOWN)},

documents as (
    select
        updated_at as at,
        id,
        json_build_object(
            'id', id,
            'name', name,
            'email', email,
            'phone_number', phone_number,
            'identifier', identifier,
            'blocked', blocked,
            'custom_attributes', custom_attributes,
            'created_at', {epoch("created_at")},
            'last_activity_at', {epoch("last_activity_at")}
        ) as document
    from page
)

select * from documents order by at, id
"""

CSAT_SURVEY_RESPONSES = f"""
with {page("csat_survey_responses", "updated_at")},

documents as (
    select
        page.updated_at as at,
        page.id,
        json_build_object(
            'id', page.id,
            'account_id', page.account_id,
            'conversation_id', conversations.display_id,
            'message_id', page.message_id,
            'rating', page.rating,
            'feedback_message', page.feedback_message,
            'contact', json_build_object('id', page.contact_id),
            'assigned_agent', case when page.assigned_agent_id is not null
                then json_build_object('id', page.assigned_agent_id) end,
            'created_at', {epoch("page.created_at")}
        ) as document
    from page
    left join conversations on page.conversation_id = conversations.id
)

select * from documents order by at, id
"""
