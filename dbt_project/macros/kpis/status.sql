{# How a KPI's latest value is judged: baseline, goal, alert rule. #}

{% macro same_segments(left, right) -%}
    {%- for column in ['handling'] + kpi_dimensions() -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# A baseline of a sum is kept per day: as long as the period. #}
{% macro scaled_baseline(alias) -%}
    {{ alias }}.value * case
        when not {{ alias }}.is_per_day then 1
        when latest.grain = 'hour' then 1 / 24.0
        else {{ days_between('cast(latest.period_start as date)', 'cast(latest.period_end as date)') }}
    end
{%- endmacro %}

{# The best tier that a value reaches, `below` if none; NULL without value or goal. #}
{% macro tier_reached(value, aims) -%}
    {%- set reached = 'case when ' ~ aims ~ '.is_absolute then abs(' ~ value ~ ') else ' ~ value ~ ' end' -%}
    case
        when {{ value }} is null or {{ aims }}.good is null then null
        when {{ value }} < {{ aims }}.lowest then 'below'
        {%- for tier in ['best', 'better', 'good'] %}
        when {{ aims }}.direction = 'up' and {{ reached }} >= {{ aims }}.{{ tier }} then '{{ tier }}'
        when {{ aims }}.direction <> 'up' and {{ reached }} <= {{ aims }}.{{ tier }} then '{{ tier }}'
        {%- endfor %}
        else 'below'
    end
{%- endmacro %}

{% macro breaks_rule(value) -%}
    coalesce(
        case kpi_rules.rule
            when 'below' then {{ value }} < kpi_rules.bound
            when 'above' then
                case when kpi_rules.is_absolute then abs({{ value }}) else {{ value }} end
                > kpi_rules.bound
            when 'below_baseline_by' then {{ value }} < based.baseline_30d - kpi_rules.bound
            when 'above_baseline_by' then {{ value }} > based.baseline_30d + kpi_rules.bound
            when 'off_baseline_by' then abs({{ value }} - based.baseline_30d) > kpi_rules.bound
            when 'above_baseline_times' then {{ value }} > based.baseline_30d * kpi_rules.bound
            when 'below_baseline_times' then {{ value }} < based.baseline_30d * kpi_rules.bound
            when 'below_previous_by' then {{ value }} < based.previous_value - kpi_rules.bound
            when 'above_previous_times' then {{ value }} > based.previous_value * kpi_rules.bound
            when 'moves_by' then abs({{ value }} - based.previous_value) > kpi_rules.bound
        end,
        false
    )
{%- endmacro %}

{# The value that a rule does not want passed. #}
{% macro rule_limit() -%}
    case kpi_rules.rule
        when 'below_baseline_by' then based.baseline_30d - kpi_rules.bound
        when 'above_baseline_by' then based.baseline_30d + kpi_rules.bound
        when 'off_baseline_by' then based.baseline_30d
            + case when based.value < based.baseline_30d then -kpi_rules.bound else kpi_rules.bound end
        when 'above_baseline_times' then based.baseline_30d * kpi_rules.bound
        when 'below_baseline_times' then based.baseline_30d * kpi_rules.bound
        when 'below_previous_by' then based.previous_value - kpi_rules.bound
        when 'above_previous_times' then based.previous_value * kpi_rules.bound
        when 'moves_by' then based.previous_value
            + case when based.value < based.previous_value then -kpi_rules.bound else kpi_rules.bound end
        else kpi_rules.bound
    end
{%- endmacro %}
