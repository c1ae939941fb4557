{# A stat that is read from a fact, and the SQL of its value, numerator, denominator and n. #}

{# Stats that are read from facts, one entry a fact: a stock has a daily and an hourly one. #}
{% macro kpi_measures() %}
    {% set measures = [] %}
    {% set stats = kpi_stats() %}
    {% set rolled = [] %}
    {% for stat in stats if stat.kind == 'rolling' %}
        {% do rolled.extend([stat.rolling.numerator, stat.rolling.denominator]) %}
    {% endfor %}
    {% for stat in stats if not stat.is_derived and stat.kind != 'rows_from' %}
        {% set longer = [] %}
        {% for grain in stat.grains if grain != 'hour' %}{% do longer.append(grain) %}{% endfor %}
        {% if stat.has_baseline %}{% do longer.extend(kpi_baseline_grains()) %}{% endif %}
        {% if stat.kpi ~ '.' ~ stat.stat in rolled %}{% do longer.append('day_sliced') %}{% endif %}
        {% set hours = ['hour'] if 'hour' in stat.grains else [] %}
        {% if stat.snapshot %}
            {% do measures.append(dict(stat, fact=stat.snapshot.day, at='local_start', grains=longer)) %}
            {% if hours %}
                {% do measures.append(dict(stat, fact=stat.snapshot.hour, at='local_start', grains=hours)) %}
            {% endif %}
        {% else %}
            {% do measures.append(dict(stat, grains=hours + longer)) %}
        {% endif %}
    {% endfor %}
    {{ return(measures) }}
{% endmacro %}

{# Seconds after period_end until a stat is mature, as SQL over `account`. #}
{% macro look_ahead_s(stat) %}
    {% set given = stat.mature_after | string %}
    {% if given == 'target' %}
        {{ return("(select coalesce(max(target_s), 0) from int_clock_targets where kpi = '" ~ stat.kpi ~ "')") }}
    {% elif modules.re.match('^[0-9]+h$', given) %}{{ return(given[:-1] | int * 3600) }}
    {% elif modules.re.match('^[0-9]+d$', given) %}{{ return(given[:-1] | int * 86400) }}
    {% elif modules.re.match('^[0-9]+$', given) %}{{ return(given | int) }}
    {% else %}{{ return('account.' ~ given) }}
    {% endif %}
{% endmacro %}

{% macro registered(registry, expression) %}
    {% if expression not in registry %}
        {% do registry.update({expression: 'a' ~ registry | length}) %}
    {% endif %}
    {{ return(registry[expression]) }}
{% endmacro %}

{#
  SQL of one measure over the aggregates of its branch: value, numerator, denominator, n. The
  aggregates go into `registry` (expression → alias), so that stats share them.
#}
{% macro measure_entry(measure, registry, fractions) %}
    {% set condition = '(' ~ measure.where | trim ~ ')' %}
    {% if measure.holds_until %}
        {% set condition = condition ~ ' and (local_' ~ measure.holds_until
            ~ ' is null or local_' ~ measure.holds_until ~ ' >= period_end)' %}
    {% endif %}
    {% set given = measure[measure.kind] %}
    {% set entry = {
        'kpi': "'" ~ measure.kpi ~ "'", 'stat': "'" ~ measure.stat ~ "'",
        'value': 'null', 'numerator': 'null', 'denominator': 'null', 'n': '0',
    } %}
    {% set rows = registered(registry, count_if(condition)) %}
    {% if measure.kind == 'count' and given == 'rows' %}
        {% do entry.update({'value': rows, 'n': rows}) %}
    {% elif measure.kind == 'count' %}
        {% set total = registered(registry, 'sum(case when ' ~ condition ~ ' then ' ~ given ~ ' end)') %}
        {% do entry.update({'value': total, 'n': total}) %}
    {% elif measure.kind == 'count_distinct' %}
        {% set total = registered(registry, 'count(distinct case when ' ~ condition ~ ' then ' ~ given ~ ' end)') %}
        {% do entry.update({'value': total, 'n': total}) %}
    {% elif measure.kind in ['ratio', 'within_target'] %}
        {% if measure.kind == 'ratio' %}
            {% set flag = '(' ~ given ~ ')' %}
        {% else %}
            {% set target = 'target_' ~ measure.kpi %}
            {% set flag = '(case when ' ~ given.elapsed ~ ' is not null then ' ~ given.elapsed ~ ' <= ' ~ target
                ~ (' when ' ~ given.unanswered ~ ' >= ' ~ target ~ ' then false' if given.unanswered else '') ~ ' end)' %}
        {% endif %}
        {% if measure.per %}
            {% set yes = 'count(distinct case when ' ~ condition ~ ' and ' ~ flag ~ ' then ' ~ measure.per ~ ' end)' %}
            {% set judged = 'count(distinct case when ' ~ condition ~ ' and ' ~ flag ~ ' is not null then ' ~ measure.per ~ ' end)' %}
        {% else %}
            {% set yes = count_if(condition ~ ' and ' ~ flag) %}
            {% set judged = count_if(condition ~ ' and ' ~ flag ~ ' is not null') %}
        {% endif %}
        {% set yes = registered(registry, yes) %}
        {% set judged = registered(registry, judged) %}
        {% do entry.update({
            'value': yes ~ ' / nullif(cast(' ~ judged ~ ' as double), 0)',
            'numerator': yes, 'denominator': judged, 'n': judged,
        }) %}
    {% else %}
        {% set expression = given.of if measure.kind == 'quantile' else given %}
        {% set picked = 'case when ' ~ condition ~ ' then ' ~ expression ~ ' end' %}
        {% set seen = registered(registry, 'count(' ~ picked ~ ')') %}
        {% if measure.kind == 'quantile' %}
            {% set as_double = 'cast(' ~ picked ~ ' as double)' %}
            {% set ordered = fractions[measure.where ~ '|' ~ expression] %}
            {% set all_of = registered(registry, quantiles(as_double, ordered)) %}
            {% do entry.update({'value': quantile_of(all_of, ordered.index(given.p)), 'n': seen}) %}
        {% elif measure.kind == 'max' %}
            {% do entry.update({'value': registered(registry, 'max(' ~ picked ~ ')'), 'n': seen}) %}
        {% else %}
            {% set total = registered(registry, 'sum(' ~ picked ~ ')') %}
            {% set total = 'case when ' ~ seen ~ ' = ' ~ rows ~ ' then ' ~ total ~ ' end' if measure.is_complete else total %}
            {% if measure.kind == 'mean' %}
                {% set n = rows if measure.is_complete else seen %}
                {% do entry.update({
                    'value': 'cast(' ~ total ~ ' as double) / nullif(' ~ n ~ ', 0)',
                    'numerator': total, 'denominator': n, 'n': n,
                }) %}
            {% else %}
                {% do entry.update({'value': total, 'n': rows if measure.is_complete else seen}) %}
            {% endif %}
        {% endif %}
    {% endif %}
    {% for field in ['value', 'numerator', 'denominator'] %}
        {% do entry.update({field: 'cast(' ~ entry[field] ~ ' as double)'}) %}
    {% endfor %}
    {% do entry.update({'n': 'cast(' ~ entry.n ~ ' as bigint)'}) %}
    {{ return(entry) }}
{% endmacro %}

{% macro measure_columns() -%}
    measure.kpi,
        measure.stat,
        grain,
        period_start,
        period_end,
        handling,
        channel,
        category,
        team,
        customer_segment,
        slice,
        measure.value,
        measure.numerator,
        measure.denominator,
        measure.n
{%- endmacro %}

{% macro no_measures() %}
    select
        cast(null as varchar) as kpi,
        cast(null as varchar) as stat,
        cast(null as varchar) as grain,
        cast(null as timestamp) as period_start,
        cast(null as timestamp) as period_end,
        cast(null as varchar) as handling,
        cast(null as varchar) as channel,
        cast(null as varchar) as category,
        cast(null as varchar) as team,
        cast(null as varchar) as customer_segment,
        cast(null as varchar) as slice,
        cast(null as double) as value,
        cast(null as double) as numerator,
        cast(null as double) as denominator,
        cast(null as bigint) as n
    where false
{% endmacro %}
