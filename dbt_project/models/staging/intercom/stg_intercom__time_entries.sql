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

renamed as (
    select
        conversations.source,
        conversations.ticket_id as entry_id,
        conversations.ticket_id,
        coalesce(agents.agent_id, conversations.admin_id) as agent_id,
        coalesce(conversations.assigned_at, conversations.created_at) as started_at,
        conversations.handling_s as seconds,
        'helpdesk' as method,
        conversations.loaded_at
    from conversations
    left join agents
        on conversations.source = agents.source
        and conversations.closed_by_id = agents.agent_id
    where conversations.handling_s > 0
)

select * from renamed
