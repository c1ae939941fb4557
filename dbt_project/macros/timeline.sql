{# K1: order of events at one instant that carry no sequence number. #}
{% macro event_rank(event_type, to_state) -%}
    case
        when {{ event_type }} = 'created' then 0
        when {{ event_type }} = 'reopened' then 1
        when {{ to_state }} in ('resolved', 'closed') then 3
        when {{ event_type }} in ('trashed', 'deleted') then 4
        else 2
    end
{%- endmacro %}

{# Value of the last event of a kind; `event_order` numbers a ticket's events. #}
{% macro latest_value(condition, value) -%}
    {{ value_at_last(value, 'case when ' ~ condition ~ ' then event_order end') }}
{%- endmacro %}

{# Open seconds of a schedule up to an instant; `hours` is int_schedule_hours joined on its hour. #}
{% macro open_seconds_at(instant, hours) -%}
    {{ hours }}.open_before_s
    + greatest(0, least({{ seconds_between(hours ~ '.hour_at', instant) }}, {{ hours }}.closes_1_s)
        - {{ hours }}.opens_1_s)
    + greatest(0, least({{ seconds_between(hours ~ '.hour_at', instant) }}, {{ hours }}.closes_2_s)
        - {{ hours }}.opens_2_s)
{%- endmacro %}

{# Window over a ticket's rows in their order, all before the current one or up to it. #}
{% macro rows_before() -%}
    (partition by ticket_key order by row_no rows between unbounded preceding and 1 preceding)
{%- endmacro %}

{% macro rows_until() -%}
    (partition by ticket_key order by row_no rows between unbounded preceding and current row)
{%- endmacro %}
