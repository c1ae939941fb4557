-- Messages on their surviving ticket, with the roles that every judgement uses (K4, K6). Bodies stay
-- in staging.
with

messages as (
    select * from {{ changed('int_source_messages', 'source, ticket_id') }}
),

tickets as (
    select * from {{ changed('int_source_tickets', 'source, ticket_id') }}
),

merge_pairs as (
    select * from {{ ref('int_ticket_merges') }}
    where is_merged_away
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

-- Of a source without messages, the first reply that a ticket's column tells.
replies_from_columns as (
    select
        tickets.source,
        'column|' || tickets.ticket_id as message_id,
        tickets.ticket_id,
        tickets.first_reply_at as sent_at,
        'human_agent' as author_kind,
        null as author_id,
        tickets.loaded_at
    from tickets
    inner join sources on tickets.source = sources.source
    where tickets.first_reply_at is not null and not sources.has_messages
),

unioned as (
    select
        source, message_id, ticket_id, sent_at, author_kind, author_id, is_public, is_auto,
        is_gratitude, is_substantive, is_ai_assisted, recommended_skus, char_count, seq,
        false as is_synthetic, loaded_at
    from messages

    union all

    select
        source, message_id, ticket_id, sent_at, author_kind, author_id, true as is_public,
        false as is_auto, false as is_gratitude, true as is_substantive, false as is_ai_assisted,
        null as recommended_skus, null as char_count, null as seq, true as is_synthetic, loaded_at
    from replies_from_columns
),

keyed as (
    select
        {{ surrogate_key(['unioned.source', 'account.account_id', 'unioned.message_id']) }}
            as message_key,
        {{ surrogate_key([
            'unioned.source', 'account.account_id',
            'coalesce(merge_pairs.canonical_ticket_id, unioned.ticket_id)',
        ]) }} as ticket_key,
        unioned.source,
        account.account_id,
        unioned.message_id as source_id,
        unioned.ticket_id as source_ticket_id,
        agents.agent_key as author_key,
        unioned.author_kind,
        case
            when unioned.author_kind = 'customer' then 'inbound'
            when unioned.is_public then 'outbound'
            else 'internal'
        end as direction,
        unioned.is_public,
        unioned.is_auto,
        unioned.is_gratitude,
        unioned.is_substantive,
        unioned.is_ai_assisted,
        unioned.recommended_skus,
        unioned.sent_at,
        unioned.char_count,
        unioned.seq,
        unioned.is_synthetic,
        unioned.is_public and unioned.author_kind = 'customer' and not unioned.is_auto
            and not unioned.is_gratitude as is_customer_message,
        unioned.is_public and unioned.author_kind in ('human_agent', 'ai_agent')
            and not unioned.is_auto as is_reply,
        unioned.is_public and unioned.author_kind = 'automation' and not unioned.is_auto
            as is_automation_message,
        unioned.loaded_at
    from unioned
    cross join account
    left join merge_pairs
        on unioned.source = merge_pairs.source and unioned.ticket_id = merge_pairs.ticket_id
    left join agents on unioned.source = agents.source and unioned.author_id = agents.agent_id
    where unioned.sent_at <= account.data_as_of
)

select * from keyed
