{#
  Unresolved tickets at the end of each local day or hour, by running sums of what enters and leaves
  (SCALE.md's rule: never ticket × day). `since` bounds the hours to the last 14 days.
#}
{% macro backlog_counts(grain) %}
with

-- A source that never says when a ticket is resolved would fill the backlog with all it ever had.
sources as (
    select * from {{ ref('int_sources') }}
    where has_resolves
),

state_intervals as (
    select * from {{ ref('fct_state_intervals') }}
    where is_countable and state not in ('resolved', 'closed')
),

intervals as (
    select state_intervals.*
    from state_intervals
    inner join sources on state_intervals.source = sources.source
),

account as (
    select * from {{ ref('int_accounts') }}
),

bounds as (
    select
        account.timezone,
        account.data_as_of,
        {{ backlog_window(grain) }}
    from account
),

bucketed as (
    select
        intervals.state, intervals.handling, intervals.handling_side, intervals.channel,
        intervals.category, intervals.team, intervals.customer_segment, intervals.is_high_value,
        greatest(
            date_trunc('{{ grain }}', {{ local_time('intervals.valid_from', 'bounds.timezone') }}),
            bounds.first_bucket
        ) as from_bucket,
        date_trunc('{{ grain }}', {{ local_time('intervals.valid_to', 'bounds.timezone') }})
            as to_bucket,
        bounds.first_bucket
    from intervals
    cross join bounds
),

changes as (
    select
        state, handling, handling_side, channel, category, team, customer_segment, is_high_value,
        from_bucket as bucket,
        1 as change
    from bucketed
    where to_bucket is null or to_bucket > from_bucket

    union all

    select
        state, handling, handling_side, channel, category, team, customer_segment, is_high_value,
        to_bucket as bucket,
        -1 as change
    from bucketed
    where to_bucket > from_bucket
),

summed as (
    select
        state, handling, handling_side, channel, category, team, customer_segment, is_high_value,
        bucket,
        sum(change) as change
    from changes
    group by all
),

running as (
    select
        *,
        sum(change) over (
            partition by
                state, handling, handling_side, channel, category, team, customer_segment,
                is_high_value
            order by bucket
            rows between unbounded preceding and current row
        ) as tickets,
        lead(bucket) over (
            partition by
                state, handling, handling_side, channel, category, team, customer_segment,
                is_high_value
            order by bucket
        ) as next_bucket
    from summed
),

expanded as (
    select
        running.*,
        {{ bucket_rows(
            grain, 'running.bucket',
            'coalesce(running.next_bucket, bounds.end_bucket)'
        ) }} as local_start,
        bounds.timezone,
        bounds.data_as_of,
        bounds.end_bucket
    from running
    cross join bounds
    where running.tickets > 0
),

placed as (
    select
        least(
            {{ utc_instant(bucket_end(grain, 'local_start'), 'timezone') }}, data_as_of
        ) as as_of_at,
        local_start,
        state,
        handling,
        handling_side,
        channel,
        category,
        team,
        customer_segment,
        is_high_value,
        cast(tickets as bigint) as tickets
    from expanded
    where local_start < end_bucket
)

select * from placed
{% endmacro %}

{#
  Tickets that need us at the end of each local day or hour, with their ages. Each span between two
  rows of a ticket's timeline is written out for the ends it contains.
#}
{% macro backlog_ages(grain) %}
with

timeline as (
    select * from {{ ref('int_timeline') }}
    where is_started
),

clock as (
    select * from {{ ref('int_ticket_clock') }}
),

hours as (
    select * from {{ ref('int_schedule_hours') }}
),

sources as (
    select * from {{ ref('int_sources') }}
    where has_resolves
),

countable_tickets as (
    select * from {{ ref('fct_tickets') }}
    where is_countable
),

tickets as (
    select countable_tickets.*
    from countable_tickets
    inner join sources on countable_tickets.source = sources.source
),

account as (
    select * from {{ ref('int_accounts') }}
),

bounds as (
    select
        account.timezone,
        account.data_as_of,
        {{ backlog_window(grain) }}
    from account
),

pieces as (
    select
        timeline.ticket_key,
        timeline.state,
        timeline.occurred_at,
        lead(timeline.occurred_at) over (
            partition by timeline.ticket_key order by timeline.row_no
        ) as next_at,
        max(case when timeline.is_opening or timeline.is_return then timeline.occurred_at end) over (
            partition by timeline.ticket_key order by timeline.row_no
            rows between unbounded preceding and current row
        ) as aged_from_at,
        max(case when timeline.is_opening or timeline.is_return then clock.biz_clock_s end) over (
            partition by timeline.ticket_key order by timeline.row_no
            rows between unbounded preceding and current row
        ) as aged_from_clock_s,
        clock.schedule,
        clock.schedule_open_s,
        clock.biz_clock_s
    from timeline
    inner join clock
        on timeline.ticket_key = clock.ticket_key and timeline.row_no = clock.row_no
),

bucketed as (
    select
        pieces.*,
        bounds.timezone,
        bounds.data_as_of,
        bounds.end_bucket,
        greatest(
            date_trunc('{{ grain }}', {{ local_time('pieces.occurred_at', 'bounds.timezone') }}),
            bounds.first_bucket
        ) as from_bucket,
        coalesce(
            date_trunc('{{ grain }}', {{ local_time('pieces.next_at', 'bounds.timezone') }}),
            bounds.end_bucket
        ) as to_bucket
    from pieces
    cross join bounds
    where pieces.state in ('new', 'open')
),

expanded as (
    select
        *,
        {{ bucket_rows(grain, 'from_bucket', 'to_bucket') }} as local_start
    from bucketed
    where to_bucket > from_bucket
),

placed as (
    select
        *,
        least(
            {{ utc_instant(bucket_end(grain, 'local_start'), 'timezone') }}, data_as_of
        ) as as_of_at
    from expanded
    where local_start < end_bucket
),

aged as (
    select
        placed.as_of_at,
        placed.local_start,
        placed.ticket_key,
        {{ seconds_between('placed.aged_from_at', 'placed.as_of_at') }} as age_s,
        placed.biz_clock_s - placed.aged_from_clock_s
            + {{ open_seconds_at('placed.as_of_at', 'hours') }} - placed.schedule_open_s
            as age_biz_s,
        {{ seconds_between('tickets.first_customer_message_at', 'placed.as_of_at') }}
            as since_created_s,
        tickets.is_standard,
        tickets.handling,
        tickets.handling_side,
        tickets.channel,
        tickets.category,
        tickets.team,
        tickets.customer_segment,
        tickets.is_high_value
    from placed
    inner join tickets on placed.ticket_key = tickets.ticket_key
    left join hours
        on placed.schedule = hours.schedule
        and {{ hour_start('placed.as_of_at') }} = hours.hour_at
)

select * from aged
{% endmacro %}

{# First bucket and the end of the last, in local time; hours reach 14 days back. #}
{% macro backlog_window(grain) -%}
    {% if grain == 'hour' -%}
    date_trunc(
        'hour',
        {{ local_time('account.data_as_of', 'account.timezone') }} - interval 14 day
        + interval 1 hour - interval 1 microsecond
    ) as first_bucket,
    {%- else -%}
    date_trunc('day', {{ local_time('account.tickets_first_loaded_at', 'account.timezone') }})
        as first_bucket,
    {%- endif %}
    {{ bucket_end(
        grain,
        "date_trunc('" ~ grain ~ "', " ~ local_time('account.data_as_of', 'account.timezone')
        ~ " - interval 1 microsecond)"
    ) }} as end_bucket
{%- endmacro %}

{% macro bucket_end(grain, local_start) -%}
    ({{ local_start }} + interval 1 {{ grain }})
{%- endmacro %}

{# Bucket starts from one on, up to but without the other. #}
{% macro bucket_rows(grain, first, end) -%}
    unnest(generate_series(
        {{ first }}, {{ end }} - interval 1 {{ grain }}, interval 1 {{ grain }}
    ))
{%- endmacro %}
