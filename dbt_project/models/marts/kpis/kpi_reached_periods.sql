{{ config(tags='live') }}
-- Touched periods, and those whose figures look back on them, or that have ended or matured since the
-- last build.
{%- set days = [1] %}
{%- set periods = [1] %}
{%- for stat in kpi_stats() %}
{%- if stat.rolling %}{% do days.append(stat.rolling.days) %}{% endif %}
{%- if stat.growth %}{% do periods.append(stat.growth.periods) %}{% endif %}
{%- endfor %}
with

touched as (
    select * from {{ ref('dim_touched_periods') }}
),

periods as (
    select * from {{ ref('kpi_periods') }}
),

kpi_stats as (
    select * from {{ ref('kpi_stats') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

numbered as (
    select
        *,
        row_number() over (partition by grain order by period_start) as ordinal
    from periods
),

look_aheads as (
    select distinct look_ahead_s
    from kpi_stats
),

unioned as (
    select
        grain,
        period_start
    from touched

    union

    select
        periods.grain,
        periods.period_start
    from touched
    inner join periods
        on periods.period_end > touched.period_start
        and periods.period_end - interval '{{ days | max }}' day <= touched.period_start
    where touched.grain = 'day' and periods.grain <> 'hour'

    union

    select
        numbered.grain,
        numbered.period_start
    from touched
    inner join numbered as reached
        on touched.grain = reached.grain and touched.period_start = reached.period_start
    inner join numbered
        on reached.grain = numbered.grain
        and numbered.ordinal between reached.ordinal + 1 and reached.ordinal + {{ periods | max }}

    union

    select
        periods.grain,
        periods.period_start
    from periods
    cross join look_aheads
    cross join account
    where {{ add_seconds('periods.ends_at', 'look_aheads.look_ahead_s') }} > account.built_until_at
        and {{ add_seconds('periods.ends_at', 'look_aheads.look_ahead_s') }} <= account.data_as_of
)

select * from unioned
