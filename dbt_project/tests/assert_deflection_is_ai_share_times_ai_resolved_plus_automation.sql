-- E1 = E4 × (AI-resolved ÷ AI-involved) + share of automation_only resolved, where every episode of
-- the day can be judged (a source without messages or resolves leaves E1 to the others).
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi in ('deflection_rate', 'ai_involvement') and stat = 'ratio' and grain = 'day'
        and handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
        and customer_segment = 'all'
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable
),

outcomes as (
    select * from {{ ref('int_episode_outcomes') }}
),

account as (
    select * from {{ ref('int_accounts') }}
),

opened as (
    select
        {{ local_date('episodes.opened_at', 'account.timezone') }} as opened_on,
        count(*) as contacts,
        count(episodes.is_deflected) as judged,
        {{ count_if('episodes.is_ai_involved') }} as ai_involved,
        {{ count_if('episodes.is_ai_resolved') }} as ai_resolved,
        {{ count_if('outcomes.is_automation_resolved') }} as automation_resolved
    from episodes
    inner join outcomes
        on episodes.ticket_key = outcomes.ticket_key
        and episodes.episode_seq = outcomes.episode_seq
    cross join account
    group by {{ local_date('episodes.opened_at', 'account.timezone') }}
),

published as (
    select
        cast(period_start as date) as opened_on,
        max(case when kpi = 'deflection_rate' then value end) as deflection_rate,
        max(case when kpi = 'ai_involvement' then value end) as ai_involvement
    from kpi_values
    group by cast(period_start as date)
),

expected as (
    select
        published.opened_on,
        published.deflection_rate,
        published.ai_involvement
            * coalesce(opened.ai_resolved / nullif(cast(opened.ai_involved as double), 0), 0)
            + opened.automation_resolved / nullif(cast(opened.contacts as double), 0)
            as from_its_parts
    from published
    inner join opened on published.opened_on = opened.opened_on
    where opened.judged = opened.contacts and published.deflection_rate is not null
),

broken as (
    select * from expected
    where from_its_parts is null or abs(deflection_rate - from_its_parts) > 1e-9
)

select * from broken
