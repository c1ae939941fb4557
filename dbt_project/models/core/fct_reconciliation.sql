-- Where every landed ticket, order and bad row went, by source, entity and reason, so that totals can
-- be held against the helpdesk's own screen.
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

episodes as (
    select * from {{ ref('fct_episodes') }}
),

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

merge_pairs as (
    select * from {{ ref('int_ticket_merges') }}
),

file_loads as (
    select * from {{ ref('int_file_loads') }}
),

quarantine as (
    select * from {{ ref('int_quarantine') }}
),

ticket_rows as (
    select
        source,
        'tickets' as entity,
        coalesce(exclude_reason, case when is_countable then 'counted' else 'not_started' end)
            as reason,
        count(*) as rows_landed,
        {{ count_if('is_countable') }} as rows_counted,
        {{ count_if('not is_countable') }} as rows_excluded,
        0 as rows_quarantined
    from tickets
    group by
        source,
        coalesce(exclude_reason, case when is_countable then 'counted' else 'not_started' end)
),

unlinked_rows as (
    select
        source, 'tickets' as entity, 'no_customer' as reason, count(*) as rows_landed,
        count(*) as rows_counted, 0 as rows_excluded, 0 as rows_quarantined
    from tickets
    where is_countable and customer_key is null
    group by source
),

-- K2: what cannot be measured because it ends more than five minutes before it begins.
skewed_rows as (
    select
        tickets.source, 'tickets' as entity, 'negative_duration' as reason,
        count(distinct tickets.ticket_key) as rows_landed,
        count(distinct tickets.ticket_key) as rows_counted,
        0 as rows_excluded, 0 as rows_quarantined
    from tickets
    left join episodes on tickets.ticket_key = episodes.ticket_key
    where tickets.is_countable and (
        (tickets.first_resolved_at is not null and tickets.first_resolution_s is null)
        or (tickets.resolved_at is not null and tickets.full_resolution_s is null)
        or (episodes.first_reply_at is not null and episodes.frt_any_s is null)
    )
    group by tickets.source
),

merge_rows as (
    select
        source,
        'tickets' as entity,
        case when is_in_cycle then 'merge_cycle' else 'merge_survivor_unknown' end as reason,
        count(*) as rows_landed,
        count(*) as rows_counted,
        0 as rows_excluded,
        0 as rows_quarantined
    from merge_pairs
    where is_in_cycle or is_survivor_unknown
    group by source, case when is_in_cycle then 'merge_cycle' else 'merge_survivor_unknown' end
),

order_rows as (
    select
        source,
        'orders' as entity,
        {{ order_reason() }} as reason,
        count(*) as rows_landed,
        {{ count_if('is_countable') }} as rows_counted,
        {{ count_if('not is_countable') }} as rows_excluded,
        0 as rows_quarantined
    from orders
    group by source, {{ order_reason() }}
),

unconverted_rows as (
    select
        source, 'orders' as entity, 'no_fx_rate' as reason, count(*) as rows_landed,
        count(*) as rows_counted, 0 as rows_excluded, 0 as rows_quarantined
    from orders
    where is_countable and not is_converted
    group by source
),

rating_rows as (
    select
        source,
        'csat_responses' as entity,
        case when not is_counted then 'ticket_excluded' when not is_known_ticket
            then 'unknown_ticket' else 'counted' end as reason,
        count(*) as rows_landed,
        {{ count_if('is_counted') }} as rows_counted,
        {{ count_if('not is_counted') }} as rows_excluded,
        0 as rows_quarantined
    from ratings
    group by
        source,
        case when not is_counted then 'ticket_excluded' when not is_known_ticket
            then 'unknown_ticket' else 'counted' end
),

ignored_rows as (
    select
        source, entity, 'left_out_by_mapping' as reason, sum(rows_ignored) as rows_landed,
        0 as rows_counted, sum(rows_ignored) as rows_excluded, 0 as rows_quarantined
    from file_loads
    where rows_ignored > 0
    group by source, entity
),

clock_rows as (
    select
        source, entity, 'clock_change_skipped' as reason, sum(dst_skipped) as rows_landed,
        sum(dst_skipped) as rows_counted, 0 as rows_excluded, 0 as rows_quarantined
    from file_loads
    where dst_skipped > 0
    group by source, entity

    union all

    select
        source, entity, 'clock_change_repeated' as reason, sum(dst_repeated) as rows_landed,
        sum(dst_repeated) as rows_counted, 0 as rows_excluded, 0 as rows_quarantined
    from file_loads
    where dst_repeated > 0
    group by source, entity
),

quarantine_rows as (
    select
        source, entity, 'quarantined: ' || reason as reason, quarantined_rows as rows_landed,
        0 as rows_counted, 0 as rows_excluded, quarantined_rows as rows_quarantined
    from quarantine
),

unioned as (
    {%- set parts = [
        'ticket_rows', 'unlinked_rows', 'skewed_rows', 'merge_rows', 'order_rows',
        'unconverted_rows', 'rating_rows', 'ignored_rows', 'clock_rows', 'quarantine_rows',
    ] %}
    {%- set remarks = ['unlinked_rows', 'skewed_rows', 'merge_rows', 'unconverted_rows', 'clock_rows'] %}
    {%- for part in parts %}
    select
        source, entity, reason, {{ 'true' if part in remarks else 'false' }} as is_remark,
        rows_landed, rows_counted, rows_excluded, rows_quarantined
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source,
    entity,
    reason,
    is_remark,
    cast(rows_landed as bigint) as rows_landed,
    cast(rows_counted as bigint) as rows_counted,
    cast(rows_excluded as bigint) as rows_excluded,
    cast(rows_quarantined as bigint) as rows_quarantined
from unioned
