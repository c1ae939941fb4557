-- The Time Tracking app adds what an agent spent to a total: each entry is the step to it. The field
-- of the last update says less, since an equal value is no change.
with

changes as (
    select * from {{ ref('stg_zendesk__changes') }}
),

fields as (
    select * from {{ ref('stg_zendesk__fields') }}
    where target = 'total_time_s'
),

totals as (
    select
        changes.source,
        changes.ticket_id,
        changes.change_id,
        changes.author_id,
        changes.occurred_at,
        try_cast(changes.new_value as bigint) as total_s,
        changes.loaded_at
    from changes
    inner join fields
        on changes.source = fields.source and changes.field_name = fields.field_id
    where try_cast(changes.new_value as bigint) is not null
),

steps as (
    select
        *,
        total_s - coalesce(lag(total_s) over (
            partition by source, ticket_id order by occurred_at, try_cast(change_id as bigint)
        ), 0) as seconds
    from totals
),

renamed as (
    select
        source,
        change_id as entry_id,
        ticket_id,
        author_id as agent_id,
        {{ add_seconds('occurred_at', '-seconds') }} as started_at,
        seconds,
        'tracked' as method,
        loaded_at
    from steps
    where seconds > 0
)

select * from renamed
