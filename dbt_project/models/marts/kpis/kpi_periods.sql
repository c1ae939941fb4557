{{ config(tags='live') }}
-- Every local period from the first loaded one to data_as_of, by grain, with its instants. One that
-- starts just at data_as_of has not begun: it has rows only where something happened at that instant.
with

account as (
    select * from {{ ref('dim_accounts') }}
),

bounds as (
    select
        timezone,
        week_start,
        data_as_of,
        least(tickets_first_loaded_at, orders_first_loaded_at) as first_loaded_at
    from account
),

-- From instants, so that a local hour that the clocks skip is no period.
quarter_hours as (
    select
        timezone,
        week_start,
        data_as_of,
        {{ quarter_hour_rows(hour_start('first_loaded_at'), 'data_as_of') }} as quarter_at
    from bounds
),

local_hours as (
    select distinct
        timezone,
        week_start,
        data_as_of,
        date_trunc('hour', {{ local_time('quarter_at', 'timezone') }}) as local_at
    from quarter_hours
),

periods as (
    {%- for grain in kpi_real_grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'local_at', 'week_start') }} as period_start,
        timezone,
        data_as_of
    from local_hours
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ended as (
    select
        grain,
        period_start,
        case grain
            {%- for grain in kpi_real_grains() %}
            when '{{ grain }}' then {{ period_end(grain, 'period_start') }}
            {%- endfor %}
        end as period_end,
        timezone,
        data_as_of
    from periods
),

placed as (
    select
        grain,
        period_start,
        period_end,
        {{ utc_instant('period_start', 'timezone') }} as starts_at,
        {{ utc_instant('period_end', 'timezone') }} as ends_at,
        data_as_of
    from ended
)

select
    grain,
    period_start,
    period_end,
    starts_at,
    ends_at,
    starts_at < data_as_of as has_begun
from placed
