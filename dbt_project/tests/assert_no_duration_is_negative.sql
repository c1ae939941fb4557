-- K2: a duration below zero is clock skew and 0, or unknown and NULL; never a number.
{%- set durations = {
    'fct_tickets': [
        'first_resolution_s', 'first_resolution_biz_s', 'full_resolution_s',
        'full_resolution_biz_s', 'unresolved_s', 'unresolved_biz_s', 'needs_us_s',
        'waiting_customer_s', 'on_hold_s', 'ai_leg_s', 'human_leg_s',
    ],
    'fct_episodes': [
        'frt_any_s', 'frt_any_biz_s', 'frt_ai_s', 'frt_ai_biz_s', 'frt_human_s',
        'frt_human_biz_s', 'unanswered_s', 'unanswered_biz_s', 'handoff_response_s',
        'handoff_response_biz_s', 'handoff_unanswered_s', 'handoff_unanswered_biz_s',
    ],
    'fct_reply_turns': ['wait_s', 'wait_biz_s', 'unanswered_s', 'unanswered_biz_s'],
    'fct_backlog_ages_daily': ['age_s', 'age_biz_s', 'since_created_s'],
} %}
with

{% for fact in durations -%}
{{ fact }} as (
    select * from {{ ref(fact) }}
),

{% endfor -%}
negative as (
    {%- for fact, columns in durations.items() %}
    select
        '{{ fact }}' as fact,
        ticket_key,
        least({{ columns | join(', ') }}) as shortest_s
    from {{ fact }}
    where least({{ columns | join(', ') }}) < 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from negative
