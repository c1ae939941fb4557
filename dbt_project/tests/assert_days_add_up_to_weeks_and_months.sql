-- Σ days = week and Σ days = month, of what is additive, for the whole and each segment alone;
-- whole and cut-off periods alike, since both count what their span has. A day with none may have
-- no row.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where (kpi || '.' || stat) in (
        'tickets_created.count', 'tickets_created.contacts', 'tickets_resolved.events',
        'csat.responses'
    )
        and grain in ('day', 'week', 'month')
        and (
            handling = 'all'
            or (channel = 'all' and category = 'all' and team = 'all' and customer_segment = 'all')
        )
),

account as (
    select * from {{ ref('int_accounts') }}
),

days as (
    select
        kpi_values.*,
        account.week_start
    from kpi_values
    cross join account
    where kpi_values.grain = 'day'
),

{% for grain in ['week', 'month'] -%}
from_days_{{ grain }} as (
    select
        kpi, stat, '{{ grain }}' as grain,
        {{ period_start(grain, 'period_start', 'week_start') }} as longer_start,
        handling, channel, category, team, customer_segment,
        sum(value) as days_value
    from days
    group by
        kpi, stat, {{ period_start(grain, 'period_start', 'week_start') }},
        handling, channel, category, team, customer_segment
),

{% endfor -%}
from_days as (
    select * from from_days_week

    union all

    select * from from_days_month
),

longer as (
    select * from kpi_values
    where grain in ('week', 'month')
),

broken as (
    select
        coalesce(longer.kpi, from_days.kpi) as kpi,
        coalesce(longer.stat, from_days.stat) as stat,
        coalesce(longer.grain, from_days.grain) as grain,
        coalesce(longer.period_start, from_days.longer_start) as period_start,
        longer.value,
        from_days.days_value
    from longer
    full outer join from_days
        on longer.kpi = from_days.kpi
        and longer.stat = from_days.stat
        and longer.grain = from_days.grain
        and longer.period_start = from_days.longer_start
        and longer.handling = from_days.handling
        and longer.channel = from_days.channel
        and longer.category = from_days.category
        and longer.team = from_days.team
        and longer.customer_segment = from_days.customer_segment
    where coalesce(longer.value, 0) <> coalesce(from_days.days_value, 0)
)

select * from broken
