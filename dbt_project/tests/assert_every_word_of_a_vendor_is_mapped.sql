-- Words of a helpdesk that no map of seeds/ knows: they count as `unmapped` until a row is added. A
-- warning, since nothing is lost.
{{ config(severity='warn') }}
with

tickets as (
    select * from {{ ref('int_source_tickets') }}
),

ticket_events as (
    select * from {{ ref('int_source_ticket_events') }}
),

words as (
    select
        source,
        'status' as field,
        ticket_id
    from tickets
    where status = 'unmapped'

    union all

    select
        source,
        'category' as field,
        ticket_id
    from tickets
    where category = 'unmapped'

    union all

    select
        source,
        'channel' as field,
        ticket_id
    from tickets
    where channel = 'unmapped'

    union all

    select
        source,
        'status of an event' as field,
        ticket_id
    from ticket_events
    where to_value = 'unmapped' and event_type = 'status_changed'

    union all

    select
        source,
        'category of an event' as field,
        ticket_id
    from ticket_events
    where to_value = 'unmapped' and event_type = 'category_set'
)

select
    source,
    field,
    count(*) as tickets,
    min(ticket_id) as example
from words
group by source, field
