-- A mark of all that the sources say of a ticket by data_as_of, which is another when any of it is; and
-- whom the ticket hangs together with.
with

tickets as (
    select * from {{ ref('int_source_tickets') }}
),

account as (
    select * from {{ ref('int_accounts') }}
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

insiders as (
    select distinct customer_key
    from {{ ref('int_customer_identities') }}
    where is_test or is_internal
),

told as (
    select
        told.source,
        told.ticket_id,
        {{ row_mark('told') }} as mark
    from tickets as told
    cross join account
    where told.created_at is null or told.created_at <= account.data_as_of
    {%- for name, instant in [
        ('ticket_events', 'occurred_at'), ('messages', 'sent_at'), ('csat_responses', 'rated_at'),
        ('time_entries', 'started_at'), ('order_mentions', 'mentioned_at'),
    ] %}

    union all

    select
        told.source,
        told.ticket_id,
        {{ row_mark("'" ~ name ~ "'", 'told') }} as mark
    from {{ ref('int_source_' ~ name) }} as told
    cross join account
    where told.{{ instant }} is null or told.{{ instant }} <= account.data_as_of
    {%- endfor %}

    union all

    select
        told.source,
        told.ticket_id,
        {{ row_mark("'qa_reviews'", 'told') }} as mark
    from {{ ref('stg_files__qa_reviews') }} as told
    cross join account
    where told.reviewed_at <= account.data_as_of

    union all

    -- Columns that say what is still to come count when it has.
    select
        tickets.source,
        tickets.ticket_id,
        {{ row_mark(
            'tickets.first_reply_at <= account.data_as_of',
            'tickets.resolved_at <= account.data_as_of',
            'tickets.deleted_at <= account.data_as_of'
        ) }} as mark
    from tickets
    cross join account
),

summed as (
    select
        source,
        ticket_id,
        sum(mark) as mark
    from told
    group by source, ticket_id
),

joined as (
    select
        {{ surrogate_key(['summed.source', 'account.account_id', 'summed.ticket_id']) }}
            as ticket_key,
        summed.source,
        summed.ticket_id,
        case
            when merge_pairs.is_merged_away then {{ surrogate_key([
                'summed.source', 'account.account_id', 'merge_pairs.canonical_ticket_id'
            ]) }}
        end as survivor_key,
        coalesce(identities.customer_key, addresses.customer_key) as customer_key,
        lower(ltrim(trim(tickets.order_id), '#')) as order_number,
        summed.mark
    from summed
    cross join account
    left join tickets on summed.source = tickets.source and summed.ticket_id = tickets.ticket_id
    left join merge_pairs
        on summed.source = merge_pairs.source and summed.ticket_id = merge_pairs.ticket_id
    left join identities
        on tickets.source = identities.source and tickets.customer_id = identities.customer_id
    left join addresses
        on case when identities.customer_key is null then {{ hash_text('tickets.customer_email') }} end
        = addresses.email_hash
)

select
    joined.ticket_key,
    joined.source,
    joined.ticket_id,
    joined.survivor_key,
    joined.customer_key,
    joined.order_number,
    -- Who is whose customer, or a colleague, is said by other rows than the ticket's.
    {{ row_mark('joined', 'insiders.customer_key') }} as mark
from joined
left join insiders on joined.customer_key = insiders.customer_key
