-- What an agent did in a week or month, per channel, category and handling: sums that add up over
-- the cells, so that any mix of them can be weighed anew. Dated and counted as the KPIs of that name.
with

work as (
    select * from {{ ref('fct_agent_work') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

placed as (
    select
        work.*,
        {{ local_time('work.happened_at', 'account.timezone') }} as happened_local,
        {{ local_time('work.holds_until_at', 'account.timezone') }} as holds_until_local,
        account.week_start
    from work
    cross join account
    where work.happened_at
        >= least(account.tickets_first_loaded_at, account.orders_first_loaded_at)
),

periods as (
    {%- for grain in ['week', 'month'] %}
    select
        '{{ grain }}' as grain,
        {{ period_start(grain, 'happened_local', 'week_start') }} as period_start,
        *
    from placed
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

held as (
    select
        *,
        holds_until_local is null
            or holds_until_local >= case grain
                when 'week' then {{ period_end('week', 'period_start') }}
                else {{ period_end('month', 'period_start') }}
            end as is_held
    from periods
),

sliced as (
    {{ by_handling('held', [
        'grain', 'period_start', 'agent_key', 'channel', 'category', 'kind', 'ticket_key',
        'happened_local', 'amount', 'is_reopened', 'is_held',
    ]) }}
),

summed as (
    select
        grain,
        period_start,
        agent_key,
        handling_slice as handling,
        channel,
        category,
        count(distinct case when kind in ('reply', 'resolve') then ticket_key end) as tickets,
        {{ count_if("kind = 'reply'") }} as replies,
        {{ count_if("kind = 'resolve' and is_held") }} as resolved,
        sum(case when kind = 'handle_time' and is_held then amount end) as handle_time_sum,
        {{ count_if("kind = 'handle_time' and is_held") }} as handle_time_n,
        sum(case when kind = 'rating' then amount end) as csat_sum,
        {{ count_if("kind = 'rating'") }} as csat_n,
        sum(case when kind = 'first_contact' then amount end) as fcr_sum,
        {{ count_if("kind = 'first_contact'") }} as fcr_n,
        sum(case when kind = 'resolve' and is_held then amount end) as turns_sum,
        {{ count_if("kind = 'resolve' and is_held and amount is not null") }} as turns_n,
        cast(count(distinct case when kind = 'resolve' and is_reopened then ticket_key end) as double)
            as reopen_sum,
        count(distinct case when kind = 'resolve' and is_reopened is not null then ticket_key end)
            as reopen_n
    from sliced
    group by grain, period_start, agent_key, handling_slice, channel, category
)

select * from summed
