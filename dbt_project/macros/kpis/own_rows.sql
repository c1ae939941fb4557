{#
  What a model behind `rows_from` ends in. `relation` has grain, period_start, period_end and the
  segment columns that differ; `entries` are the stats: {stat, value, numerator, denominator, n} as SQL.
#}
{% macro kpi_own_rows(relation, kpi, entries, segments=[]) %}
    {%- set measures = [] -%}
    {%- for entry in entries -%}
        {%- do measures.append({
            'kpi': "'" ~ kpi ~ "'",
            'stat': "'" ~ entry.stat ~ "'",
            'value': 'cast(' ~ entry.value ~ ' as double)',
            'numerator': 'cast(' ~ entry.get('numerator', 'null') ~ ' as double)',
            'denominator': 'cast(' ~ entry.get('denominator', 'null') ~ ' as double)',
            'n': 'cast(coalesce(' ~ entry.n ~ ', 0) as bigint)',
        }) -%}
    {%- endfor -%}
select
        {{ measure_columns() }}
from (
    select
        wide.*,
        {{ slice_name() }} as slice
    from (
        select
            grain,
            period_start,
            period_end,
            {%- for column in ['handling'] + kpi_dimensions() %}
            {{ column if column in segments else "'all' as " ~ column }},
            {%- endfor %}
            {{ unpivoted(measures) }}
        from {{ relation }}
    ) as wide
) as sliced
where measure.n > 0 or measure.value is not null
{%- endmacro %}
