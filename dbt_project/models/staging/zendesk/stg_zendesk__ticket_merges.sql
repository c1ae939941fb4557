-- A ticket that was merged away says into which in the note that closed it.
with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
    where change_type = 'Comment' and merged_into is not null
),

read as (
    select
        source,
        ticket_id,
        change_id,
        occurred_at,
        author_id,
        merged_into,
        loaded_at
    from changes
)

select * from read
