-- V11: how many days the queue is deep: what needs us at the end of a period against the resolves of a
-- mean day of the seven that end with it.
with

stocks as (
    select * from {{ ref('kpi_fct_backlog_daily') }}
    where kpi = 'backlog' and stat = 'count' and slice in ('all', 'channel', 'team')
),

flows as (
    select * from {{ ref('kpi_fct_resolves') }}
    where kpi = 'tickets_resolved' and stat = 'events' and grain = 'day'
        and slice in ('all', 'channel', 'team')
),

periods as (
    select * from {{ ref('kpi_periods') }}
    where grain in ('day', 'week', 'month')
),

account as (
    select * from {{ ref('dim_accounts') }}
),

ends as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end
    from periods
    cross join account
    where periods.ends_at <= account.data_as_of
        and periods.period_end - interval '7' day
            >= {{ local_time('account.tickets_first_loaded_at', 'account.timezone') }}
),

resolved as (
    select
        ends.grain,
        ends.period_start,
        flows.channel,
        flows.team,
        sum(flows.value) as events
    from ends
    inner join flows
        on flows.period_start < ends.period_end
        and flows.period_start >= ends.period_end - interval '7' day
    group by ends.grain, ends.period_start, flows.channel, flows.team
),

places as (
    select grain, period_start, channel, team
    from resolved

    union

    select grain, period_start, channel, team
    from stocks
    where grain in ('day', 'week', 'month')
),

joined as (
    select
        ends.grain,
        ends.period_start,
        ends.period_end,
        places.channel,
        places.team,
        coalesce(stocks.value, 0) as waiting,
        coalesce(resolved.events, 0) as events
    from places
    inner join ends on places.grain = ends.grain and places.period_start = ends.period_start
    left join stocks
        on places.grain = stocks.grain
        and places.period_start = stocks.period_start
        and places.channel = stocks.channel
        and places.team = stocks.team
    left join resolved
        on places.grain = resolved.grain
        and places.period_start = resolved.period_start
        and places.channel = resolved.channel
        and places.team = resolved.team
)

{{ kpi_own_rows('joined', 'queue_days', [
    {'stat': 'value', 'value': 'waiting / nullif(events / 7.0, 0)', 'numerator': 'waiting',
        'denominator': 'events / 7.0', 'n': 'events'},
], ['channel', 'team']) }}
