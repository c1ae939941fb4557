-- State spans of a ticket neither overlap nor leave a gap, and only the last is open: else backlog
-- counts a ticket twice or loses it (trap X8).
with

intervals as (
    select * from {{ ref('fct_state_intervals') }}
),

followed as (
    select
        ticket_key,
        state,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by ticket_key order by valid_from, valid_to nulls last
        ) as next_from
    from intervals
),

broken as (
    select * from followed
    where valid_to <= valid_from
        or (next_from is not null and coalesce(next_from <> valid_to, true))
        or (next_from is null and valid_to is not null)
)

select * from broken
