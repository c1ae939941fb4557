{{ config(tags='live') }}
-- Local periods whose figures may be others than at the last build: something is dated in them that
-- came, went or changed, or they run. `day_sliced` are the days that rolling windows read. A row
-- `everything` says that all are: a fact was made whole, or a local day has begun. What state a ticket
-- is in counts for stocks alone, of which a build that follows changes makes the hours of 14 days; an
-- hour more to both sides, since the clocks may have changed since.
{%- set stock_s = 14 * 86400 %}
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
        coalesce(touched.touched_until, account.data_as_of) as last_at,
        false as is_stock
    from touched
    cross join account
    where touched.touched_from is not null and touched.fact <> 'fct_state_intervals'

    union all

    select
        greatest(
            touched.touched_from,
            {{ add_seconds('account.data_as_of', -stock_s - 3600) }}
        ) as first_at,
        coalesce(touched.touched_until, account.data_as_of) as last_at,
        true as is_stock
    from touched
    cross join account
    where touched.touched_from is not null and touched.fact = 'fct_state_intervals'

    union all

    -- What ran when the last build looked and what has begun since; and what stocks have left behind.
    {%- for ago_s, margin_s in [(0, 0), (stock_s, 3600)] %}
    select
        {{ add_seconds('coalesce(built_until_at, data_as_of)', -ago_s - margin_s) }} as first_at,
        {{ add_seconds('data_as_of', -ago_s + margin_s) }} as last_at,
        {{ ago_s > 0 }} as is_stock
    from account
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

hours as (
    select
        {{ hour_rows(hour_start('first_at'), 'last_at') }} as hour_at,
        is_stock
    from spans
),

moments as (
    select distinct
        {{ local_time('hours.hour_at', 'account.timezone') }} as local_at,
        account.week_start,
        hours.is_stock
    from hours
    cross join account
),

periods as (
    {%- for grain in kpi_real_grains() %}
    select distinct
        '{{ grain }}' as grain,
        {{ period_start(grain, 'local_at', 'week_start') }} as period_start
    from moments
    {{ 'where not is_stock' if grain != 'hour' }}

    union all
    {% endfor %}
    select distinct
        'day_sliced' as grain,
        date_trunc('day', local_at) as period_start
    from moments
    where not is_stock

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
