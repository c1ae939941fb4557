{#
  How a figure of each unit is shown: Evidence's format code where it has one, else a word
  (seconds, currency, times, points, fte, hours, days; docs/bi.md says what is meant).
#}
{% macro kpi_unit_formats() %}
    {{ return({
        'count': 'num0', 'ratio': 'pct1', 'share': 'pct1', '1–5': 'num2', 'points': 'points',
        'seconds': 'seconds', 'hours': 'hours', 'days': 'days', 'currency': 'currency',
        'times': 'times', 'FTE': 'fte', '−100..100': 'num1', 'ρ': 'num2',
    }) }}
{% endmacro %}

{# Ratios that are no part of a whole: a tenth of a ticket an order is not 10 %. #}
{% macro kpi_own_formats() %}
    {{ return({'tickets_per_order': {'ratio': 'num3', 'ratio_28d': 'num3'}}) }}
{% endmacro %}

{# Of several units ("count, ratio") a stat has its namesake, else the first. #}
{% macro kpi_format(kpi, stat, unit) %}
    {% set units = (unit or '').split(',') | map('trim') | list %}
    {% set own = stat if stat in units else units[0] %}
    {% set named = kpi_own_formats().get(kpi, {}).get(stat) %}
    {{ return(named or kpi_unit_formats().get(own, 'num1')) }}
{% endmacro %}

{# The format of each stat that is shown, as {stat: format}. #}
{% macro kpi_formats(block) %}
    {% set formats = {} %}
    {% for stat in block.stats | rejectattr('is_hidden') %}
        {% do formats.update({stat.stat: kpi_format(block.kpi, stat.stat, stat.unit)}) %}
    {% endfor %}
    {{ return(formats) }}
{% endmacro %}
