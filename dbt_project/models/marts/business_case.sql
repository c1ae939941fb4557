-- What support costs, what AI saves and what one more agent, or more AI coverage, would be worth:
-- every input, assumption and bound is a row. A result with an unknown input is NULL.
{%- set turned = {'mid': 0.10, 'low': 0.05, 'high': 0.20} %}
{%- set more_coverage = 0.10 %}
{%- set month = 'kpi_values, newest mature month' %}
{%- set rows = [
    {'name': 'contacts_per_month', 'value': 'contacts', 'unit': 'contacts', 'origin': month},
    {'name': 'deflection_rate', 'value': 'deflection', 'unit': 'ratio', 'origin': month},
    {'name': 'containment_rate', 'value': 'containment', 'unit': 'ratio', 'origin': month},
    {'name': 'containment_before_ai', 'value': 'before_ai', 'unit': 'ratio',
        'origin': 'kpi_status, 30 days before ai_launch_date'},
    {'name': 'containment_change', 'value': 'containment - coalesce(before_ai, over_12m)',
        'unit': 'points', 'origin': 'containment_rate - containment_before_ai, else - its 12-month baseline'},
    {'name': 'cost_per_contact', 'value': 'cost_per_contact', 'unit': 'currency', 'origin': month},
    {'name': 'cost_per_ticket', 'value': 'cost_per_ticket', 'unit': 'currency', 'origin': month},
    {'name': 'cost_per_resolution', 'value': 'cost_per_resolution', 'unit': 'currency', 'origin': month},
    {'name': 'cost_per_resolution_ai', 'value': 'cost_per_resolution_ai', 'unit': 'currency', 'origin': month},
    {'name': 'cost_per_resolution_human', 'value': 'cost_per_resolution_human', 'unit': 'currency',
        'origin': month},
    {'name': 'ai_savings', 'value': 'ai_savings', 'unit': 'currency', 'origin': month,
        'assumption': 'An episode the AI resolved for good would have cost the human unit cost.'},
    {'name': 'ai_hours', 'value': 'ai_hours', 'unit': 'hours', 'origin': month,
        'assumption': 'A human would have taken the median time of the category.'},
    {'name': 'csat_repurchase_rho', 'value': 'rho', 'unit': 'rho', 'origin': 'kpi_values, newest mature quarter',
        'low': 'rho_low', 'high': 'rho_high', 'assumption': 'An association, not a cause.'},
    {'name': 'repurchase_uplift', 'value': 'repurchase_uplift', 'unit': 'points', 'origin': month,
        'assumption': 'An association, not a cause: who asks for help also buys more.'},
    {'name': 'churn_of_satisfied', 'value': 'churn_satisfied', 'unit': 'ratio', 'origin': month},
    {'name': 'relative_risk', 'value': 'relative_risk', 'unit': 'ratio', 'origin': month, 'low': 'rr_low',
        'high': 'rr_high'},
    {'name': 'customer_value', 'value': 'value_365d', 'unit': 'currency',
        'origin': 'mean net of active customers over 365 days, newest month'},
    {'name': 'agents', 'value': 'agents', 'unit': 'agents', 'origin': 'fct_agent_days, last 90 days'},
    {'name': 'tickets_per_agent_day', 'value': 'tickets_per_agent_day', 'unit': 'tickets/day',
        'origin': 'fct_agent_days, last 90 days'},
    {'name': 'handle_time', 'value': 'handle_time_s', 'unit': 'seconds', 'origin': month},
    {'name': 'fte_hours', 'value': 'fte_hours', 'unit': 'hours', 'origin': 'bookbag.toml, [definitions]'},
    {'name': 'shrinkage', 'value': 'shrinkage', 'unit': 'ratio', 'origin': 'bookbag.toml, [definitions]'},
    {'name': 'agent_month_cost', 'value': 'agent_month_cost', 'unit': 'currency',
        'origin': 'support_costs of kind payroll, newest month, over the agents',
        'assumption': 'One more agent costs what one costs now.'},
    {'name': 'late_share', 'value': 'late_share', 'unit': 'ratio',
        'origin': 'fct_reply_turns, last 90 days: contacts with a turn of people past its target, of all contacts'},
    {'name': 'working_days_per_month', 'value': 'working_days_per_month', 'unit': 'days',
        'origin': 'fct_agent_days, last 90 days: agent-days of an agent, a month'},
    {'name': 'saving_per_resolution', 'value': 'saving_per_resolution', 'unit': 'currency',
        'origin': 'ai_savings over the episodes behind it'},
    {'name': 'late_to_unhappy', 'value': turned.mid, 'unit': 'ratio', 'origin': 'assumption', 'low': turned.low,
        'high': turned.high,
        'assumption': 'Of contacts answered late, the share that would rate 4-5 in time and rates 1-2 now.'},
    {'name': 'backlog', 'value': 'waiting', 'unit': 'tickets', 'origin': 'kpi_status, newest day'},
    {'name': 'one_agent_capacity', 'value': 'capacity_per_day', 'unit': 'tickets/day',
        'origin': 'fte_hours x 3600 x (1 - shrinkage) / handle_time'},
    {'name': 'one_agent_backlog_days', 'value': 'days_to_clear', 'unit': 'days',
        'origin': 'backlog / one_agent_capacity'},
    {'name': 'one_agent_contacts_in_time', 'value': 'cured_contacts', 'unit': 'contacts',
        'origin': 'the smaller of one_agent_capacity x working_days_per_month and late_share x contacts_per_month'},
    {'name': 'one_agent_kept_value', 'value': 'kept_mid', 'unit': 'currency', 'low': 'kept_low',
        'high': 'kept_high',
        'origin': 'one_agent_contacts_in_time x late_to_unhappy x churn_of_satisfied x (relative_risk - 1) x customer_value',
        'assumption': 'Customers kept are worth what active ones bought in 365 days; the risk is a cause.'},
    {'name': 'one_agent_net', 'value': 'kept_mid - agent_month_cost', 'unit': 'currency',
        'low': 'kept_low - agent_month_cost', 'high': 'kept_high - agent_month_cost',
        'origin': 'one_agent_kept_value - agent_month_cost, a month'},
    {'name': 'one_agent_roi', 'value': '(kept_mid - agent_month_cost) / nullif(agent_month_cost, 0)',
        'unit': 'ratio', 'low': '(kept_low - agent_month_cost) / nullif(agent_month_cost, 0)',
        'high': '(kept_high - agent_month_cost) / nullif(agent_month_cost, 0)',
        'origin': 'one_agent_net / agent_month_cost'},
    {'name': 'more_coverage', 'value': more_coverage, 'unit': 'points', 'origin': 'assumption',
        'assumption': 'The AI resolves ten points more of all contacts.'},
    {'name': 'more_coverage_saving', 'value': 'coverage_saving', 'unit': 'currency',
        'origin': 'contacts_per_month x more_coverage x saving_per_resolution, a month',
        'assumption': 'The next contacts save what the ones resolved now save; set-up cost is not in it.'},
] %}
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where not is_partial and is_mature and not is_low_sample and value is not null
        and handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
        and customer_segment = 'all'
),

kpi_status as (
    select * from {{ ref('kpi_status') }}
    where handling = 'all' and channel = 'all' and category = 'all' and team = 'all'
        and customer_segment = 'all'
),

agent_days as (
    select * from {{ ref('fct_agent_days') }}
    where is_agent_day and channel = 'all'
),

support_costs as (
    select * from {{ ref('fct_support_costs') }}
    where kind = 'payroll'
),

customer_months as (
    select * from {{ ref('fct_customer_months') }}
),

reply_turns as (
    select * from {{ ref('fct_reply_turns') }}
    where is_countable
),

episodes as (
    select * from {{ ref('fct_episodes') }}
    where is_countable
),

account as (
    select * from {{ ref('dim_accounts') }}
),

-- The newest value of each stat: a window of 90 days must not hide last month's volume.
latest as (
    select
        kpi,
        stat,
        {{ value_at_last('value', 'period_start') }} as value,
        {{ value_at_last('n', 'period_start') }} as n
    from kpi_values
    where grain = case when kpi = 'csat_repurchase_correlation' then 'quarter' else 'month' end
    group by kpi, stat
),

kpis as (
    select
        {{ case_kpi('tickets_created', 'contacts') }} as contacts,
        {{ case_kpi('deflection_rate', 'ratio') }} as deflection,
        {{ case_kpi('containment_rate', 'ratio') }} as containment,
        {{ case_kpi('cost_per_contact', 'value') }} as cost_per_contact,
        {{ case_kpi('cost_per_ticket', 'value') }} as cost_per_ticket,
        {{ case_kpi('cost_per_resolution', 'value') }} as cost_per_resolution,
        {{ case_kpi('cost_per_resolution', 'value_ai') }} as cost_per_resolution_ai,
        {{ case_kpi('cost_per_resolution', 'value_human') }} as cost_per_resolution_human,
        {{ case_kpi('ai_savings', 'value') }} as ai_savings,
        {{ case_kpi('ai_savings', 'hours') }} as ai_hours,
        max(case when kpi = 'ai_savings' and stat = 'value' then value / nullif(n, 0) end)
            as saving_per_resolution,
        {{ case_kpi('handle_time', 'mean') }} as handle_time_s,
        {{ case_kpi('repurchase_rate', 'uplift') }} as repurchase_uplift,
        {{ case_kpi('churn_rate', 'ratio_csat_4_5') }} as churn_satisfied,
        {{ case_kpi('churn_rate', 'relative_risk') }} as relative_risk,
        {{ case_kpi('churn_rate', 'rr_low') }} as rr_low,
        {{ case_kpi('churn_rate', 'rr_high') }} as rr_high,
        {{ case_kpi('csat_repurchase_correlation', 'value') }} as rho,
        {{ case_kpi('csat_repurchase_correlation', 'low') }} as rho_low,
        {{ case_kpi('csat_repurchase_correlation', 'high') }} as rho_high
    from latest
),

standing as (
    select
        max(case when kpi = 'containment_rate' and grain = 'month' then baseline_pre_ai end)
            as before_ai,
        max(case when kpi = 'containment_rate' and grain = 'month' then baseline_12m end)
            as over_12m,
        max(case when kpi = 'backlog' and stat = 'count' and grain = 'day' then value end) as waiting
    from kpi_status
),

-- The last 90 days, so that one holiday week does not stand for the year.
staff as (
    select
        count(distinct agent_days.agent_key) as agents,
        count(*) / 3.0 / nullif(count(distinct agent_days.agent_key), 0)
            as working_days_per_month,
        avg(agent_days.tickets) as tickets_per_agent_day
    from agent_days
    cross join account
    where agent_days.worked_on
        >= {{ add_days(local_date('account.data_as_of', 'account.timezone'), -90) }}
),

payrolls as (
    select
        booked_at,
        sum(amount) as amount
    from support_costs
    group by booked_at
),

payroll as (
    select {{ value_at_last('amount', 'booked_at') }} as amount
    from payrolls
),

values_by_month as (
    select
        month_start,
        avg(net_365d) as value_365d
    from customer_months
    group by month_start
),

customers as (
    select {{ value_at_last('value_365d', 'month_start') }} as value_365d
    from values_by_month
),

-- Contacts that waited for people past the target at least once; the AI's answers are none of theirs.
judged_contacts as (
    select
        reply_turns.ticket_key,
        reply_turns.episode_seq,
        {{ any_true('not reply_turns.is_within_target') }} as is_late
    from reply_turns
    cross join account
    where reply_turns.waited_from_at >= {{ add_seconds('account.data_as_of', '-(90 * 86400)') }}
        and reply_turns.is_within_target is not null
        and coalesce(reply_turns.replier_kind, 'human_agent') <> 'ai_agent'
    group by reply_turns.ticket_key, reply_turns.episode_seq
),

contacts_90d as (
    select count(*) as contacts
    from episodes
    cross join account
    where episodes.opened_at >= {{ add_seconds('account.data_as_of', '-(90 * 86400)') }}
),

late_turns as (
    select
        (select {{ count_if('is_late') }} from judged_contacts)
        / nullif(cast(contacts_90d.contacts as double), 0) as late_share
    from contacts_90d
),

joined as (
    select
        kpis.*,
        standing.before_ai,
        standing.over_12m,
        standing.waiting,
        staff.agents,
        staff.tickets_per_agent_day,
        staff.working_days_per_month,
        payroll.amount / nullif(staff.agents, 0) as agent_month_cost,
        customers.value_365d,
        late_turns.late_share,
        account.fte_hours,
        account.shrinkage
    from kpis
    cross join standing
    cross join staff
    cross join payroll
    cross join customers
    cross join late_turns
    cross join account
),

-- What one more agent does in a month: as much as the time of the shift allows, and of contacts that
-- are answered late no more than there are.
scenario as (
    select
        *,
        fte_hours * 3600 * (1 - shrinkage) / nullif(handle_time_s, 0) as capacity_per_day,
        least(
            fte_hours * 3600 * (1 - shrinkage) / nullif(handle_time_s, 0) * working_days_per_month,
            late_share * contacts
        ) as cured_contacts
    from joined
),

valued as (
    select
        *,
        waiting / nullif(capacity_per_day, 0) as days_to_clear,
        {%- for bound, risk, share in [
            ('mid', 'relative_risk', turned.mid), ('low', 'rr_low', turned.low),
            ('high', 'rr_high', turned.high)
        ] %}
        cured_contacts * {{ share }} * churn_satisfied * greatest({{ risk }} - 1, 0) * value_365d
            as kept_{{ bound }},
        {%- endfor %}
        contacts * {{ more_coverage }} * saving_per_resolution as coverage_saving
    from scenario
),

listed as (
    {%- for row in rows %}
    {{ case_row(**row) }}
    from valued
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from listed
