-- Each human agent beside what the others reach on the same mix of channels and categories: a row of
-- several cells weighs the others' figure in each by the agent's own share (trap X14). A cell that
-- nobody else has worked in is left out on both sides of the comparison.
{%- set metrics = [
    ('handle_time_s', 'handle_time'), ('csat_mean', 'csat'), ('fcr_ratio', 'fcr'),
    ('replies_per_resolution', 'turns'), ('reopen_ratio', 'reopen'),
] %}
{%- set slice = 'grain, period_start, handling, channel, category' %}
with

cells as (
    select * from {{ ref('kpi_agent_cells') }}
),

paces as (
    select * from {{ ref('kpi_agent_paces') }}
),

agents as (
    select * from {{ ref('dim_agents') }}
),

account as (
    select * from {{ ref('dim_accounts') }}
),

peered as (
    select
        cells.*
        {%- for _, metric in metrics %},
        sum({{ metric }}_n) over (partition by {{ slice }}) - {{ metric }}_n as {{ metric }}_peer_n,
        coalesce(sum({{ metric }}_sum) over (partition by {{ slice }}), 0)
            - coalesce({{ metric }}_sum, 0) as {{ metric }}_peer_sum
        {%- endfor %}
    from cells
),

compared as (
    select
        peered.*
        {%- for _, metric in metrics %},
        case when {{ metric }}_peer_n > 0 then {{ metric }}_n end as {{ metric }}_shared_n,
        case when {{ metric }}_peer_n > 0 then {{ metric }}_sum end as {{ metric }}_shared_sum,
        case when {{ metric }}_n > 0 then {{ metric }}_peer_n end as {{ metric }}_seen_n,
        {{ metric }}_n * {{ metric }}_peer_sum / nullif({{ metric }}_peer_n, 0)
            as {{ metric }}_expected
        {%- endfor %}
    from peered
),

weighed as (
    select
        compared.grain,
        compared.period_start,
        compared.agent_key,
        compared.handling,
        case when levels.has_channel then compared.channel else 'all' end as channel,
        case when levels.has_category then compared.category else 'all' end as category,
        sum(compared.tickets) as tickets,
        sum(compared.replies) as replies,
        sum(compared.resolved) as resolved
        {%- for _, metric in metrics %},
        sum(compared.{{ metric }}_n) as {{ metric }}_count,
        sum(compared.{{ metric }}_sum) / nullif(sum(compared.{{ metric }}_n), 0) as {{ metric }},
        least(sum(compared.{{ metric }}_shared_n), sum(compared.{{ metric }}_seen_n))
            as {{ metric }}_compared,
        sum(compared.{{ metric }}_expected) / nullif(sum(compared.{{ metric }}_shared_n), 0)
            as {{ metric }}_peer,
        sum(compared.{{ metric }}_shared_sum) / nullif(sum(compared.{{ metric }}_expected), 0)
            as {{ metric }}_index
        {%- endfor %}
    from compared
    cross join {{ constant_rows('levels', ['has_channel', 'has_category'], [
        ['true', 'true'], ['true', 'false'], ['false', 'true'], ['false', 'false'],
    ]) }}
    group by
        compared.grain,
        compared.period_start,
        compared.agent_key,
        compared.handling,
        case when levels.has_channel then compared.channel else 'all' end,
        case when levels.has_category then compared.category else 'all' end
),

-- Days have no mix: the others' pace is that of the same slice.
paced as (
    select
        *,
        day_tickets / nullif(cast(active_days as double), 0) as per_day,
        (sum(day_tickets) over (partition by {{ slice }}) - day_tickets)
            / nullif(
                cast(sum(active_days) over (partition by {{ slice }}) - active_days as double), 0
            ) as per_day_peer,
        rostered_tickets * 28800.0 / nullif(rostered_s, 0) as per_8h,
        (sum(rostered_tickets) over (partition by {{ slice }}) - rostered_tickets) * 28800.0
            / nullif(sum(rostered_s) over (partition by {{ slice }}) - rostered_s, 0) as per_8h_peer
    from paces
),

joined as (
    select
        coalesce(weighed.grain, paced.grain) as grain,
        coalesce(weighed.period_start, paced.period_start) as period_start,
        coalesce(weighed.agent_key, paced.agent_key) as agent_key,
        coalesce(weighed.handling, paced.handling) as handling,
        coalesce(weighed.channel, paced.channel) as channel,
        coalesce(weighed.category, paced.category) as category,
        coalesce(weighed.tickets, 0) as tickets,
        coalesce(weighed.replies, 0) as replies,
        coalesce(weighed.resolved, 0) as resolved,
        coalesce(paced.active_days, 0) as active_days,
        paced.per_day,
        paced.per_day_peer,
        paced.per_8h,
        paced.per_8h_peer,
        coalesce(weighed.csat_count, 0) as csat_n
        {%- for _, metric in metrics %},
        weighed.{{ metric }}_count,
        weighed.{{ metric }}_compared,
        weighed.{{ metric }},
        weighed.{{ metric }}_peer,
        weighed.{{ metric }}_index
        {%- endfor %}
    from weighed
    full outer join paced
        on weighed.grain = paced.grain
        and weighed.period_start = paced.period_start
        and weighed.agent_key = paced.agent_key
        and weighed.handling = paced.handling
        and weighed.channel = paced.channel
        and weighed.category = paced.category
),

judged as (
    select
        joined.*,
        coalesce(agents.name, agents.agent_id) as name,
        coalesce(agents.team, 'unassigned') as team,
        joined.tickets < account.min_n as is_low_sample,
        {{ utc_instant('joined.period_start', 'account.timezone') }}
            < account.tickets_first_loaded_at
        or {{ utc_instant(
            "case joined.grain when 'week' then " ~ period_end('week', 'joined.period_start')
            ~ " else " ~ period_end('month', 'joined.period_start') ~ " end",
            'account.timezone'
        ) }} > account.data_as_of as is_partial,
        account.min_n,
        account.data_as_of
    from joined
    inner join agents on joined.agent_key = agents.agent_key
    cross join account
)

select
    agent_key,
    name,
    team,
    grain,
    period_start,
    handling,
    channel,
    category,
    cast(tickets as bigint) as tickets,
    cast(replies as bigint) as replies,
    cast(resolved as bigint) as resolved,
    cast(active_days as bigint) as active_days,
    {%- for column, metric in [('tickets_per_day', 'per_day'), ('tickets_per_8h', 'per_8h')] %}
    case when not is_low_sample then cast({{ metric }} as double) end as {{ column }},
    case when not is_low_sample then cast({{ metric }}_peer as double) end as peer_{{ column }},
    case when not is_low_sample then cast({{ metric }} / nullif({{ metric }}_peer, 0) as double) end
        as index_{{ column }},
    {%- endfor %}
    {%- for column, metric in metrics %}
    case when not is_low_sample and {{ metric }}_count >= min_n then cast({{ metric }} as double) end
        as {{ column }},
    case when not is_low_sample and {{ metric }}_compared >= min_n
        then cast({{ metric }}_peer as double) end as peer_{{ column }},
    case when not is_low_sample and {{ metric }}_compared >= min_n
        then cast({{ metric }}_index as double) end as index_{{ column }},
    {%- endfor %}
    cast(csat_n as bigint) as csat_n,
    is_low_sample,
    is_partial,
    data_as_of
from judged
