-- One ordered list a ticket of all that its judgements look at: messages of its merged family, its
-- own events, and a last row at data_as_of. K1 gives the order.
with

tickets as (
    select * from {{ changed('int_tickets') }}
    where not is_merged_away
),

messages as (
    select * from {{ changed('int_messages') }}
),

ticket_events as (
    select * from {{ changed('int_ticket_events') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- What a source without messages has instead of the first customer message.
openers as (
    select
        ticket_key,
        first_customer_message_at as opened_at
    from tickets
    where not has_messages and first_customer_message_at is not null
),

unioned as (
    select
        messages.ticket_key,
        0 as instant_class,
        messages.sent_at as raw_at,
        messages.seq,
        0 as event_rank,
        messages.source_id as row_key,
        case
            when messages.is_customer_message then 'customer'
            when messages.is_reply and messages.author_kind = 'ai_agent' then 'ai_reply'
            when messages.is_reply then 'human_reply'
            else 'automation_message'
        end as kind,
        null as to_state,
        null as to_value,
        null as reason,
        messages.author_key as actor_key,
        messages.author_kind as actor_kind,
        messages.is_substantive
    from messages
    where messages.is_customer_message or messages.is_reply or messages.is_automation_message

    union all

    select
        ticket_key,
        0 as instant_class,
        opened_at as raw_at,
        null as seq,
        -1 as event_rank,
        ticket_key as row_key,
        'customer' as kind,
        null as to_state, null as to_value, null as reason, null as actor_key,
        null as actor_kind, null as is_substantive
    from openers

    union all

    select
        ticket_key,
        1 as instant_class,
        occurred_at as raw_at,
        seq,
        {{ event_rank('event_type', 'to_state') }} as event_rank,
        source_id as row_key,
        case
            when to_state in ('resolved', 'closed') then 'resolve'
            when to_state is not null then 'state'
            else event_type
        end as kind,
        to_state,
        to_value,
        reason,
        actor_key,
        actor_kind,
        null as is_substantive
    from ticket_events
    where to_state is not null or event_type in ('handoff', 'ai_outcome', 'schedule_set')

    union all

    select
        tickets.ticket_key,
        2 as instant_class,
        account.data_as_of as raw_at,
        null as seq,
        0 as event_rank,
        tickets.ticket_key as row_key,
        'now' as kind,
        null as to_state, null as to_value, null as reason, null as actor_key,
        null as actor_kind, null as is_substantive
    from tickets
    cross join account
),

-- What a ticket without messages is told to have seen before its creation stands just after it;
-- raw_at keeps what was said, so that the duration is judged by K2.
placed as (
    select
        unioned.*,
        greatest(unioned.raw_at, openers.opened_at) as occurred_at
    from unioned
    inner join tickets on unioned.ticket_key = tickets.ticket_key
    left join openers on unioned.ticket_key = openers.ticket_key
),

numbered as (
    select
        ticket_key,
        row_number() over (
            partition by ticket_key
            order by
                occurred_at, instant_class, case when event_rank < 0 then 0 else 1 end, raw_at,
                seq nulls last, event_rank, row_key
        ) as row_no,
        occurred_at,
        raw_at,
        kind,
        to_state,
        to_value,
        reason,
        actor_key,
        actor_kind,
        is_substantive
    from placed
)

select * from numbered
