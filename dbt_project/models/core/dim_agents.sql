-- One row an agent: the only place with names beside agent_performance.
with

agents as (
    select * from {{ ref('int_agents') }}
)

select
    agent_key,
    agent_id,
    source,
    name,
    author_kind,
    team,
    is_active,
    valid_from,
    valid_to
from agents
