-- One row a ticket with its present attributes and whether it counts (K4). Merged-away, spam and
-- other tickets stay, with the first reason that excludes them.
with

tickets as (
    select * from {{ changed('int_source_tickets', 'source, ticket_id') }}
),

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
),

messages as (
    select * from {{ changed('int_messages') }}
),

merge_pairs as (
    select * from {{ ref('int_ticket_merges') }}
),

identities as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is not null
),

addresses as (
    select * from {{ ref('int_customer_identities') }}
    where customer_id is null
),

-- Someone is a tester or a colleague by any of their ids.
insiders as (
    select distinct customer_key
    from {{ ref('int_customer_identities') }}
    where is_test or is_internal
),

agents as (
    select * from {{ ref('int_agents') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

ordered_events as (
    select
        ticket_key,
        source,
        ticket_id,
        event_type,
        to_value,
        occurred_at,
        row_number() over (
            partition by ticket_key
            order by occurred_at, seq nulls last, {{ event_rank('event_type', 'to_state') }}, source_id
        ) as event_order
    from ticket_events
),

latest_events as (
    select
        ticket_key,
        min(source) as source,
        min(ticket_id) as ticket_id,
        min(occurred_at) as first_event_at,
        {{ latest_value("event_type in ('spam_marked', 'spam_unmarked')", 'event_type') }}
            as spam_event,
        {{ latest_value("event_type in ('trashed', 'deleted', 'restored')", 'event_type') }}
            as deletion_event,
        {{ latest_value("event_type = 'category_set'", 'to_value') }} as category,
        {{ latest_value("event_type = 'priority_set'", 'to_value') }} as priority,
        {{ latest_value("event_type in ('assigned', 'unassigned')", 'event_type') }}
            as assignment_event,
        {{ latest_value("event_type = 'assigned'", 'to_value') }} as assigned_to
    from ordered_events
    group by ticket_key
),

-- A source that hands over an event log alone: its tickets are those the log tells of.
listed as (
    select
        tickets.source, tickets.ticket_id, tickets.created_at, tickets.updated_at,
        tickets.customer_id, tickets.customer_email, tickets.channel, tickets.is_sync,
        tickets.category, tickets.subcategory, tickets.status, tickets.priority, tickets.team,
        tickets.assignee_id, tickets.brand, tickets.subject_hash, tickets.tags, tickets.language,
        tickets.product_sku, tickets.order_id, tickets.is_spam,
        tickets.is_deleted or coalesce(tickets.deleted_at <= account.data_as_of, false)
            as is_deleted,
        tickets.deleted_at, tickets.is_test, tickets.loaded_at
    from tickets
    cross join account
    where tickets.created_at is null or tickets.created_at <= account.data_as_of
),

speaking as (
    select
        source,
        source_ticket_id as ticket_id
    from messages

    union

    select
        source,
        ticket_id
    from latest_events
),

derived as (
    select
        speaking.source, speaking.ticket_id, null as created_at, null as updated_at,
        null as customer_id, null as customer_email, null as channel, null as is_sync,
        null as category, null as subcategory, null as status, null as priority, null as team,
        null as assignee_id, null as brand, null as subject_hash, null as tags, null as language,
        null as product_sku, null as order_id, false as is_spam, false as is_deleted,
        null as deleted_at, false as is_test, null as loaded_at
    from speaking
    inner join sources on speaking.source = sources.source
    where not sources.has_ticket_rows
),

unioned as (
    select * from listed

    union all

    select * from derived
),

keyed as (
    select
        unioned.*,
        account.account_id,
        account.data_as_of,
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.ticket_id']) }}
            as ticket_key
    from unioned
    cross join account
),

numbered_messages as (
    select
        ticket_key,
        sent_at,
        is_customer_message,
        is_reply,
        is_public and author_kind = 'customer' as is_customer_speaking,
        row_number() over (
            partition by ticket_key
            order by sent_at, seq nulls last, source_id
        ) as message_order
    from messages
),

spoken as (
    select
        ticket_key,
        min(case when is_customer_message then sent_at end) as first_customer_message_at,
        min(case when is_customer_message then message_order end) as first_customer_order,
        min(case when is_reply then sent_at end) as first_reply_at,
        min(case when is_reply then message_order end) as first_reply_order,
        {{ any_true('is_customer_speaking') }} as has_customer_speaking
    from numbered_messages
    group by ticket_key
),

joined as (
    select
        keyed.ticket_key,
        keyed.source,
        keyed.account_id,
        keyed.ticket_id as source_id,
        keyed.ticket_id,
        case
            when coalesce(merge_pairs.is_merged_away, false)
                then {{ surrogate_key(['keyed.source', 'keyed.account_id', 'merge_pairs.canonical_ticket_id']) }}
            else keyed.ticket_key
        end as canonical_ticket_key,
        coalesce(identities.customer_key, addresses.customer_key) as customer_key,
        keyed.subject_hash,
        keyed.status as status_raw,
        lower(coalesce(latest_events.priority, keyed.priority)) as priority,
        coalesce(keyed.channel, 'unknown') as channel,
        coalesce(
            keyed.is_sync, keyed.channel in ('chat', 'messaging', 'voice', 'phone'), false
        ) as is_sync,
        coalesce({{ segment_text('latest_events.category') }}, keyed.category, 'uncategorised')
            as category,
        keyed.category as category_listed,
        keyed.subcategory,
        keyed.product_sku,
        keyed.brand,
        keyed.tags,
        keyed.language,
        keyed.order_id,
        keyed.created_at,
        coalesce(keyed.created_at, latest_events.first_event_at) as started_at,
        spoken.first_customer_message_at as spoken_first_at,
        spoken.first_reply_at as spoken_reply_at,
        sources.has_messages,
        spoken.first_customer_message_at is not null or not sources.has_messages as is_inbound,
        sources.has_messages and spoken.first_reply_order is not null
            and (
                spoken.first_customer_order is null
                or spoken.first_reply_order < spoken.first_customer_order
            ) as is_outbound_started,
        case latest_events.spam_event
            when 'spam_marked' then true
            when 'spam_unmarked' then false
            else keyed.is_spam
        end as is_spam,
        case
            when latest_events.deletion_event in ('trashed', 'deleted') then true
            when latest_events.deletion_event = 'restored' then false
            else keyed.is_deleted
        end as is_deleted,
        keyed.deleted_at,
        coalesce(merge_pairs.is_merged_away, false) as is_merged_away,
        case when merge_pairs.is_merged_away then merge_pairs.merged_at end as merged_at,
        keyed.is_test as is_test_listed,
        coalesce(spoken.has_customer_speaking, false) as has_customer_speaking,
        case latest_events.assignment_event
            when 'unassigned' then null
            when 'assigned' then latest_events.assigned_to
            else keyed.assignee_id
        end as assigned_to,
        keyed.team as team_listed,
        keyed.updated_at as source_updated_at,
        keyed.loaded_at
    from keyed
    inner join sources on keyed.source = sources.source
    left join latest_events on keyed.ticket_key = latest_events.ticket_key
    left join merge_pairs on keyed.source = merge_pairs.source and keyed.ticket_id = merge_pairs.ticket_id
    left join identities
        on keyed.source = identities.source and keyed.customer_id = identities.customer_id
    left join addresses on {{ hash_text('keyed.customer_email') }} = addresses.email_hash
    left join spoken on keyed.ticket_key = spoken.ticket_key
),

teamed as (
    select
        joined.*,
        joined.is_test_listed or insiders.customer_key is not null as is_test,
        agents.agent_key as assignee_key,
        coalesce(
            joined.team_listed,
            agents.team,
            case when agents.agent_key is null then {{ segment_text('joined.assigned_to') }} end,
            'unassigned'
        ) as team
    from joined
    left join agents on joined.source = agents.source and joined.assigned_to = agents.agent_id
    left join insiders on joined.customer_key = insiders.customer_key
),

judged as (
    select
        *,
        coalesce(priority <> 'urgent', true) as is_standard,
        case when has_messages then spoken_first_at else started_at end
            as first_customer_message_at,
        case when is_outbound_started then spoken_reply_at end as outbound_at,
        case
            when is_test then 'test'
            when is_merged_away then 'merged'
            when is_deleted then 'deleted'
            when is_spam then 'spam'
            when is_inbound then null
            when has_customer_speaking then 'auto_only'
            when is_outbound_started then 'outbound_only'
            else 'no_message'
        end as exclude_reason
    from teamed
),

flagged as (
    select
        *,
        exclude_reason is null and first_customer_message_at is not null as is_countable,
        is_outbound_started and not is_test and not is_merged_away and not is_deleted
            and not is_spam as is_outbound_counted
    from judged
)

select * from flagged
