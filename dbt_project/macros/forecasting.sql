{#
  The forecast of contacts, in one place: how many weeks it looks at and how it weighs them. Chosen by
  backtest on real and made-up series; the block of headcount_gap tells the method in words.
#}

{# Weeks that the level and the shares of weekdays and hours are taken from. #}
{% macro profile_weeks() %}{{ return(8) }}{% endmacro %}

{# What a week counts for the level: 0.6 of the week after it; and all of some weeks together. #}
{% macro week_weight(week_back) -%}
    power(0.6, {{ week_back }} - 1)
{%- endmacro %}

{% macro weight_of_weeks(weeks) -%}
    ((1 - power(0.6, {{ weeks }})) / (1 - 0.6))
{%- endmacro %}

{# Half of them: the mean of the newer less that of the older says which way it drifts. #}
{% macro drift_weeks() %}{{ return(4) }}{% endmacro %}

{# Part of the weekly drift that has come about some weeks ahead: each week half of what is left. #}
{% macro drifted(weeks_ahead) -%}
    (1 - power(0.5, {{ weeks_ahead }}))
{%- endmacro %}

{# Contacts of the whole week that weigh in for the hours of a single weekday. #}
{% macro hour_prior() %}{{ return(50) }}{% endmacro %}

{# Origins of the backtest: so many weeks back. Below `least_backtest_weeks` it says nothing. #}
{% macro backtest_weeks() %}{{ return(12) }}{% endmacro %}
{% macro least_backtest_weeks() %}{{ return(4) }}{% endmacro %}

{# An error in units of what chance alone would do to a count. #}
{% macro scaled_error(actual, expected) -%}
    case when {{ expected }} > 0 then ({{ actual }} - {{ expected }}) / sqrt({{ expected }}) end
{%- endmacro %}

{# Half of 80 % of a normal distribution, in standard deviations: where a dozen errors are too few for
   quantiles of their own. #}
{% macro normal_80() %}{{ return(1.2815515655446004) }}{% endmacro %}

{# A count's bound at so large a scaled error. #}
{% macro bound_of(expected, error) -%}
    greatest({{ expected }} + {{ error }} * sqrt({{ expected }}), 0)
{%- endmacro %}

{# Absolute error as a part of what came; nothing came = not judged. #}
{% macro percentage_error(actual, expected) -%}
    case when {{ actual }} > 0 then abs({{ actual }} - {{ expected }}) / {{ actual }} end
{%- endmacro %}
