{{ config(tags='live') }}
-- Local periods whose figures may be others than at the last build: something is dated in them that
-- came, went or changed, or they run. `day_sliced` are the days that rolling windows read. A row
-- `everything` says that all are: a fact was made whole, or a local day has begun.
{%- set facts = [
    'fct_tickets', 'fct_episodes', 'fct_resolves', 'fct_reply_turns', 'fct_csat_ratings',
    'fct_surveys', 'fct_handled_tickets', 'fct_ai_resolutions', 'fct_orders', 'fct_state_intervals',
] %}
{%- for fact in facts %}
-- depends_on: {{ ref(fact) }}
{%- endfor %}
with

account as (
    select * from {{ ref('int_accounts') }}
),

touched as (
    select * from {{ ref('int_touched') }}
),

made_whole as (
    select count(*) > 0 as is_all
    from touched
    where touched_from is null
),

spans as (
    select
        touched.touched_from as first_at,
        coalesce(touched.touched_until, account.data_as_of) as last_at
    from touched
    cross join account
    where touched.touched_from is not null

    union all

    -- What ran when the last build looked, what has begun since, and what the hours of stocks have left
    -- behind: they reach 14 days back.
    {%- for days in [0, 14] %}
    select
        {{ add_seconds('coalesce(built_until_at, data_as_of)', -days * 86400) }} as first_at,
        {{ add_seconds('data_as_of', -days * 86400) }} as last_at
    from account
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

hours as (
    select {{ hour_rows(hour_start('first_at'), 'last_at') }} as hour_at
    from spans
),

moments as (
    select distinct
        {{ local_time('hours.hour_at', 'account.timezone') }} as local_at,
        account.week_start
    from hours
    cross join account
),

periods as (
    {%- for grain in kpi_real_grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'local_at', 'week_start') }} as period_start
    from moments

    union all
    {% endfor %}
    select distinct
        'day_sliced' as grain,
        date_trunc('day', local_at) as period_start
    from moments

    union all

    select distinct
        'everything' as grain,
        cast(null as timestamp) as period_start
    from account
    cross join made_whole
    where made_whole.is_all
        or account.built_until_at is null
        or account.data_as_of < account.built_until_at
        or {{ local_date('account.built_until_at', 'account.timezone') }}
            <> {{ local_date('account.data_as_of', 'account.timezone') }}
)

select * from periods
