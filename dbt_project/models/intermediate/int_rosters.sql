-- Planned shifts of human agents, with the local day that each begins on.
with

rosters as (
    select * from {{ ref('stg_files__rosters') }}
),

agents as (
    select * from {{ ref('int_agents') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

dated as (
    select
        {{ surrogate_key(['rosters.source', 'account.account_id', 'rosters.agent_id']) }}
            as agent_key,
        agents.team,
        rosters.starts_at,
        rosters.ends_at,
        {{ local_date('rosters.starts_at', 'account.timezone') }} as shift_on,
        greatest({{ seconds_between('rosters.starts_at', 'rosters.ends_at') }}, 0) as shift_s
    from rosters
    cross join account
    left join agents on rosters.source = agents.source and rosters.agent_id = agents.agent_id
    where coalesce(agents.author_kind, 'human_agent') = 'human_agent'
)

select * from dated
