-- The best method by which a ticket's handle time is known (S8): tracked, helpdesk, estimated.
with

time_entries as (
    select * from {{ changed('int_time_entries') }}
),

best as (
    select
        ticket_key,
        min(method_rank) as method_rank
    from time_entries
    group by ticket_key
),

summed as (
    select
        best.ticket_key,
        best.method_rank,
        min(time_entries.method) as handle_time_method,
        cast(sum(time_entries.seconds) as bigint) as handle_time_s
    from best
    inner join time_entries
        on best.ticket_key = time_entries.ticket_key
        and best.method_rank = time_entries.method_rank
    group by best.ticket_key, best.method_rank
)

select * from summed
