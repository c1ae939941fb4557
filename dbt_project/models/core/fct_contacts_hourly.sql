-- One row a local hour and team with contacts for humans: those that people answered or took over,
-- and those that nobody has answered yet. For planning (V13).
with

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable and handling in ('human_only', 'hybrid', 'none')
),

account as (
    select * from {{ ref('int_accounts') }}
),

placed as (
    select
        episodes.team,
        {{ local_time('episodes.opened_at', 'account.timezone') }} as opened_local
    from episodes
    cross join account
    where episodes.opened_at >= account.tickets_first_loaded_at
),

counted as (
    select
        cast(opened_local as date) as local_date,
        cast(extract(hour from opened_local) as integer) as local_hour,
        team,
        count(*) as contacts
    from placed
    group by cast(opened_local as date), cast(extract(hour from opened_local) as integer), team
)

select * from counted
