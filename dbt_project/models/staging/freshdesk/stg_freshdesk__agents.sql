with

users as (
    select * from {{ ref('stg_freshdesk__users') }}
    where is_agent
),

renamed as (
    select
        source,
        user_id as agent_id,
        user_name as name,
        agent_kind as kind,
        team,
        cast(null as timestamptz) as active_from,
        cast(null as timestamptz) as active_to,
        loaded_at
    from users
)

select * from renamed
