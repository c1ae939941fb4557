{{ config(tags='live') }}
-- Merged-away tickets → the ticket that took them in, chains followed to their end (trap X2). Judged
-- by the last merge event, else by the column. A circle stays unmerged, and so does a merge into a
-- ticket that no source gives; both keep a row, so that reconciliation can name them.
with

listed as (
    select * from {{ ref('int_source_tickets') }}
),

ticket_events as (
    select * from {{ ref('int_source_ticket_events') }}
),

sources as (
    select * from {{ ref('int_sources') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

-- Tickets that this run sees (K10): one that is not there yet takes nobody in. Of a source that gives
-- an event log alone, those that the log tells of.
tickets as (
    select
        listed.source,
        listed.ticket_id,
        listed.merged_into
    from listed
    cross join account
    where listed.created_at is null or listed.created_at <= account.data_as_of

    union all

    select distinct
        ticket_events.source,
        ticket_events.ticket_id,
        cast(null as varchar) as merged_into
    from ticket_events
    inner join sources on ticket_events.source = sources.source
    cross join account
    where not sources.has_ticket_rows and ticket_events.occurred_at <= account.data_as_of
),

merge_events as (
    select
        ticket_events.source,
        ticket_events.ticket_id,
        ticket_events.event_type,
        ticket_events.to_value,
        ticket_events.occurred_at,
        row_number() over (
            partition by ticket_events.source, ticket_events.ticket_id
            order by
                ticket_events.occurred_at desc,
                ticket_events.seq desc nulls first,
                ticket_events.event_id desc
        ) as recency
    from ticket_events
    cross join account
    where ticket_events.event_type in ('merged_into', 'unmerged')
        and ticket_events.occurred_at <= account.data_as_of
),

stated as (
    select
        tickets.source,
        tickets.ticket_id,
        case
            when merge_events.event_type = 'merged_into'
                then coalesce(merge_events.to_value, tickets.merged_into)
            when merge_events.event_type is null then tickets.merged_into
        end as merged_into,
        case
            when merge_events.event_type = 'merged_into' then merge_events.occurred_at
        end as merged_at
    from tickets
    left join merge_events
        on tickets.source = merge_events.source
        and tickets.ticket_id = merge_events.ticket_id
        and merge_events.recency = 1
),

edges as (
    select
        stated.source || '|' || stated.ticket_id as node,
        stated.source || '|' || stated.merged_into as parent
    from stated
    inner join tickets
        on stated.source = tickets.source and stated.merged_into = tickets.ticket_id
),

{{ survivor_ctes('edges', 'ticket') }},

judged as (
    select
        stated.source,
        stated.ticket_id,
        stated.merged_into,
        stated.merged_at,
        survivors.ticket_id as canonical_ticket_id,
        ticket_roots.root is not null as is_merged_away,
        ticket_cycles.node is not null as is_in_cycle,
        edges.node is null as is_survivor_unknown
    from stated
    left join edges on stated.source || '|' || stated.ticket_id = edges.node
    left join ticket_roots on stated.source || '|' || stated.ticket_id = ticket_roots.node
    left join ticket_cycles on stated.source || '|' || stated.ticket_id = ticket_cycles.node
    left join tickets as survivors
        on ticket_roots.root = survivors.source || '|' || survivors.ticket_id
    where stated.merged_into is not null
)

select * from judged
