-- What Intercom counts on a conversation: active time, or all from assignment to close where it does
-- not tell the two apart.
with

conversations as (
    select * from {{ ref('stg_intercom__conversations') }}
),

agents as (
    select * from {{ ref('stg_intercom__agents') }}
    where kind = 'human_agent'
),

read as (
    select
        source,
        ticket_id,
        {{ json_text('payload', '$.statistics.last_closed_by_id') }} as closed_by_id,
        {{ json_text('payload', '$.admin_assignee_id') }} as assignee_id,
        {{ instant_of_epoch(json_text('payload', '$.statistics.first_assignment_at')) }}
            as assigned_at,
        created_at,
        try_cast(coalesce(
            {{ json_text('payload', '$.statistics.adjusted_handling_time') }},
            {{ json_text('payload', '$.statistics.handling_time') }}
        ) as bigint) as seconds,
        loaded_at
    from conversations
),

renamed as (
    select
        read.source,
        read.ticket_id as entry_id,
        read.ticket_id,
        coalesce(agents.agent_id, read.assignee_id) as agent_id,
        coalesce(read.assigned_at, read.created_at) as started_at,
        read.seconds,
        'helpdesk' as method,
        read.loaded_at
    from read
    left join agents on read.source = agents.source and read.closed_by_id = agents.agent_id
    where read.seconds > 0
)

select * from renamed
