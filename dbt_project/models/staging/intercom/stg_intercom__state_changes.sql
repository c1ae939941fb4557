-- A part says what it did by its type, or shows it by its state: what a customer writes wakes a
-- snoozed conversation without a part of its own.
with

parts as (
    select * from {{ ref('stg_intercom__parts') }}
),

statuses as (
    select * from {{ ref('map_status') }}
    where kind = 'intercom'
),

with_earlier as (
    select
        *,
        lag(state) over (partition by source, ticket_id order by seq) as state_before
    from parts
),

read as (
    select
        with_earlier.source,
        with_earlier.ticket_id,
        with_earlier.part_id,
        with_earlier.seq,
        with_earlier.occurred_at,
        with_earlier.author_kind,
        with_earlier.author_id,
        with_earlier.state_before,
        case
            when with_earlier.part_type = 'close' then 'resolved'
            when with_earlier.part_type = 'open' or with_earlier.part_type like '%and\_reopen' escape '\'
                then 'reopened'
            when with_earlier.part_type = 'snoozed' then 'snoozed'
            when with_earlier.part_type like '%unsnooze%' then 'unsnoozed'
            when with_earlier.state = with_earlier.state_before then null
            when statuses.target in ('resolved', 'snoozed') then statuses.target
            when statuses.target is not null then 'status_changed'
        end as event_type,
        statuses.target,
        with_earlier.loaded_at
    from with_earlier
    left join statuses on with_earlier.state = statuses.source_value
    where with_earlier.part_type in ('open', 'close', 'snoozed')
        or with_earlier.part_type like '%unsnooze%'
        or with_earlier.part_type like '%and\_reopen' escape '\'
        or with_earlier.state <> with_earlier.state_before
),

renamed as (
    select
        source,
        ticket_id,
        part_id,
        seq,
        occurred_at,
        event_type,
        state_before as from_value,
        case when event_type = 'status_changed' then target end as to_value,
        author_kind,
        author_id,
        loaded_at
    from read
    where event_type is not null
)

select * from renamed
