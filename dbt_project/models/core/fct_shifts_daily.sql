-- One row a team and local day with planned shifts, coming ones too.
with

rosters as (
    select * from {{ ref('int_rosters') }}
)

select
    shift_on,
    coalesce(team, 'unassigned') as team,
    cast(sum(shift_s) as bigint) as rostered_s
from rosters
group by shift_on, coalesce(team, 'unassigned')
