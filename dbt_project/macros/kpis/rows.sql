{# The catalogue as relations: constants of the blocks, and what the account's data can say. #}

{# Models that end in the columns of kpi_aggregates. #}
{% macro kpi_sources() %}
    {{ return([
        'kpi_fct_tickets', 'kpi_fct_episodes', 'kpi_fct_resolves', 'kpi_fct_reply_turns',
        'kpi_fct_csat_ratings', 'kpi_fct_orders', 'kpi_fct_backlog_daily',
        'kpi_fct_backlog_hourly', 'kpi_fct_backlog_ages_daily', 'kpi_fct_backlog_ages_hourly',
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
        'has_csat': 'no source gives CSAT responses',
        'has_orders': 'no source gives orders',
        'has_schedules': 'no source gives opening hours (schedules)',
        'has_cost_rates': 'no source gives unit costs (cost_rates)',
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
