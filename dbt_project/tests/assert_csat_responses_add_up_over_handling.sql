-- Q1 responses = Σ the five exclusive handling values + those on unknown tickets, which count in
-- the whole only.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where kpi = 'csat' and stat = 'responses' and grain = 'day'
        and channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all'
),

ratings as (
    select * from {{ ref('fct_csat_ratings') }}
    where is_counted and not is_known_ticket
),

account as (
    select * from {{ ref('int_accounts') }}
),

unknown as (
    select
        {{ local_date('ratings.first_rated_at', 'account.timezone') }} as rated_on,
        count(*) as responses
    from ratings
    cross join account
    group by {{ local_date('ratings.first_rated_at', 'account.timezone') }}
),

totals as (
    select
        cast(period_start as date) as rated_on,
        sum(case when handling = 'all' then value end) as whole,
        sum(case when handling not in ('all', 'ai_handled', 'human_handled') then value else 0 end)
            as by_handling
    from kpi_values
    group by cast(period_start as date)
),

broken as (
    select
        totals.*,
        coalesce(unknown.responses, 0) as on_unknown_tickets
    from totals
    left join unknown on totals.rated_on = unknown.rated_on
    where totals.whole <> totals.by_handling + coalesce(unknown.responses, 0)
)

select * from broken
