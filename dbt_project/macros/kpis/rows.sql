{# The catalogue as relations: constants of the blocks, and what the account's data can say. #}

{# Models that end in the columns of kpi_aggregates. #}
{% macro kpi_sources() %}
    {{ return([
        'kpi_fct_tickets', 'kpi_fct_episodes', 'kpi_fct_resolves', 'kpi_fct_reply_turns',
        'kpi_fct_csat_ratings', 'kpi_fct_orders', 'kpi_fct_backlog_daily',
        'kpi_fct_backlog_hourly', 'kpi_fct_backlog_ages_daily', 'kpi_fct_backlog_ages_hourly',
        'kpi_fct_surveys', 'kpi_fct_handled_tickets', 'kpi_fct_support_costs',
        'kpi_fct_ai_resolutions', 'kpi_fct_repurchases', 'kpi_fct_recoveries',
        'kpi_fct_recommended_lines', 'kpi_fct_rated_customers', 'kpi_fct_alerts',
        'kpi_contact_rates', 'kpi_peak_to_trough', 'kpi_queue_days', 'kpi_agent_capacity',
        'kpi_csat_mix', 'kpi_resolution_accuracy', 'kpi_nps', 'kpi_ai_hours',
        'kpi_relative_risk', 'kpi_csat_repurchase', 'kpi_headcount',
    ]) }}
{% endmacro %}

{% macro text_literal(value) -%}
    {%- if value is none or value is undefined -%}
        cast(null as {{ text_type() }})
    {%- else -%}
        '{{ value | string | replace("'", "’") }}'
    {%- endif -%}
{%- endmacro %}

{% macro number_literal(value) -%}
    {%- if value is none or value is undefined -%}cast(null as double){%- else -%}cast({{ value }} as double){%- endif -%}
{%- endmacro %}

{# True where the account's data can say every one of `needs`. #}
{% macro all_given(needs) -%}
    {%- if needs -%}
        {%- for need in needs %}account.{{ need }}{{ ' and ' if not loop.last }}{% endfor -%}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Why a need is not met, in the words of kpi_catalog.unavailable_reason. #}
{% macro need_reasons() %}
    {{ return({
        'has_tickets': 'no source gives tickets',
        'has_messages': 'no source gives messages: who replied, when and how often is unknown',
        'has_replies': 'no source gives messages or first replies',
        'has_events': 'no source gives ticket events',
        'has_resolves': 'no source says when a ticket was resolved',
        'has_reopens': 'a single resolve per ticket is given: returns after it are unknown',
        'has_surveys': 'no source gives survey sends',
        'has_handoff_reasons': 'a source says that the AI handed over, and never why',
        'has_csat': 'no source gives CSAT responses',
        'has_orders': 'no source gives orders',
        'has_schedules': 'no source gives opening hours (schedules)',
        'has_cost_rates': 'no source gives unit costs (cost_rates)',
        'has_support_costs': 'no source gives the cost of support (support_costs)',
        'has_roster': 'no source gives shifts (roster)',
        'has_handle_times': 'no source gives time entries, or what agents did and when',
        'has_nps': 'no source gives NPS responses (nps_responses)',
        'has_qa_reviews': 'no source gives quality reviews (qa_reviews)',
        'has_notifications': 'no incident has been told to anyone yet',
        'has_order_lines': 'no source gives order lines',
        'has_recommendations': 'no message says which products the AI recommended (recommended_skus)',
        'has_recovery_tags': 'no ticket carries a recovery tag (cancel_request, chargeback_threat, return_request)',
    }) }}
{% endmacro %}

{# The columns of kpi_aggregates, and of every model that its rows pass through. #}
{% macro kpi_row_columns() -%}
    kpi, stat, grain, period_start, period_end, handling, channel, category, team,
        customer_segment, slice, value, numerator, denominator, n
{%- endmacro %}

{% macro has_grain(stats, periods) -%}
    (
        {%- for grain in kpi_real_grains() %}
        ({{ periods }}.grain = '{{ grain }}' and {{ stats }}.has_{{ grain }}){{ ' or' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# First local midnight from which everything is loaded, over `account`. #}
{% macro first_whole_day() -%}
    date_trunc('day', {{ local_time(add_seconds(
        'greatest(tickets_first_loaded_at, orders_first_loaded_at)', 86399
    ), 'timezone') }})
{%- endmacro %}
