{#
  The catalogue: every exposure tagged `kpi`, read once a model, checked, and its stats written out.

  A block's config.meta holds code, tier, unit, direction, quadrant, benchmark, benchmark_source,
  protocol, cadence, alert (words), alerts (rules), watch (the stat whose days the anomaly detector
  watches, and the law it varies by: count | rate | ratio | mean | duration), targets, reads
  (tickets, orders) and needs (flags of int_accounts), and the defaults of its stats. A stat has, or inherits from its block:
    fact, at            fact table and its instant; or `snapshot: {day: fact, hour: fact}` (stocks)
    where               SQL over the fact's columns
    attribution         cohort | event | as_of
    mature_after        0, `48h`, `30d`, a duration column of int_accounts, or `target`
    grains, slices      default day, week, month; all_dimensions
    min_n               a number, or `account` (the [definitions] setting); none = never low
    needs, unit, holds_until (the state must still hold at the end of the period),
    ai_coverage         all | handling: NULL before ai_coverage_complete_from
  and one measure:
    count: rows | <column>      count_distinct: <column>      sum: <expr>      max: <expr>
    mean: <expr>                quantile: {of: <expr>, p: 0.5}
    ratio: <flag>       three-valued: true ÷ (true + false); with `per: <key>` distinct keys
    within_target: {elapsed: <column>, unanswered: <column>}
    times: <stem>       stands for mean, median, p90 of <stem>_s, the same of <stem>_biz_s and,
                        with clock_start, within_target and within_target_biz (METRICS.md: T)
    ratio_of, rolling, growth, difference    derived from other stats: derived.sql
    rows_from: <model>  a model that ends in the columns of kpi_aggregates
  `has_baseline: false`: no window of 30 days says what is normal (a cost that is booked by month).
  `mart: <model>` instead of stats: a KPI that has no row in kpi_values and is read there.
  `is_complete: true`: NULL as soon as one row lacks the value. `is_hidden: true`: for derived ones.
#}

{% macro kpi_measure_kinds() %}
    {{ return([
        'count', 'count_distinct', 'sum', 'max', 'mean', 'quantile', 'ratio', 'within_target',
        'ratio_of', 'rolling', 'growth', 'difference', 'rows_from',
    ]) }}
{% endmacro %}

{% macro kpi_derived_kinds() %}
    {{ return(['ratio_of', 'rolling', 'growth', 'difference']) }}
{% endmacro %}

{% macro kpi_inherited_keys() %}
    {{ return([
        'fact', 'at', 'snapshot', 'where', 'attribution', 'mature_after', 'grains', 'slices',
        'min_n', 'unit', 'holds_until', 'ai_coverage', 'has_baseline',
    ]) }}
{% endmacro %}

{% macro kpi_blocks() %}
    {# Reading the blocks takes a third of a second: they are kept for the rest of the run. #}
    {% if execute and 'kpi_blocks' in graph %}{{ return(graph.kpi_blocks) }}{% endif %}
    {% set blocks = [] %}
    {% if execute %}
        {% set known = {
            'slices': kpi_all_slices(), 'inherited': kpi_inherited_keys(),
            'kinds': kpi_measure_kinds(), 'derived': kpi_derived_kinds(),
        } %}
        {% for node in graph.exposures.values() | sort(attribute='name') %}
            {% if 'kpi' in node.tags %}
                {% do blocks.append(kpi_block(node, known)) %}
            {% endif %}
        {% endfor %}
        {% do check_headlines(blocks) %}
        {% do graph.update({'kpi_blocks': blocks}) %}
    {% endif %}
    {{ return(blocks) }}
{% endmacro %}

{% macro kpi_block(node, known) %}
    {% set meta = node.config.meta %}
    {% do check_block(node, meta) %}
    {% set stats = [] %}
    {% for given in meta.get('stats', []) %}
        {% for entry in expand_times(given, meta) %}
            {% do stats.append(kpi_stat(node, meta, entry, stats | length, known)) %}
        {% endfor %}
    {% endfor %}
    {% set targets = meta.get('targets', []) %}
    {% set targets = [targets] if targets is mapping else targets %}
    {% set block = {
        'kpi': node.name,
        'label': node.label,
        'definition': ' '.join(node.description.split()),
        'owner': node.owner.name,
        'meta': meta,
        'stats': stats,
        'targets': kpi_rules(targets, stats),
        'alerts': kpi_rules(meta.get('alerts', []), stats),
        'definition_version': local_md5(tojson([node.description, meta], sort_keys=true))[:12],
    } %}
    {% do check_stats(block, known.slices) %}
    {{ return(block) }}
{% endmacro %}

{# One stat written out: the block's defaults, then its own keys, and which measure it is. #}
{% macro kpi_stat(node, meta, entry, position, known) %}
    {% set stat = {
        'kpi': node.name,
        'position': position,
        'fact': none, 'at': none, 'snapshot': none, 'where': 'true', 'holds_until': none,
        'attribution': none, 'mature_after': 0,
        'grains': ['day', 'week', 'month'], 'slices': 'all_dimensions',
        'min_n': none, 'ai_coverage': none, 'is_complete': false, 'is_hidden': false, 'per': none,
        'over': none, 'has_baseline': true,
    } %}
    {% for key in known.inherited if key in meta %}
        {% do stat.update({key: meta[key]}) %}
    {% endfor %}
    {% do stat.update(entry) %}
    {% do stat.update({'needs': meta.get('needs', []) + entry.get('needs', [])}) %}
    {% if stat.slices == 'all_dimensions' %}
        {% do stat.update({'slices': known.slices}) %}
    {% endif %}
    {% set kinds = [] %}
    {% for kind in known.kinds if kind in entry %}
        {% do kinds.append(kind) %}
    {% endfor %}
    {% if kinds | length != 1 %}
        {{ fail_kpi(node.name, "stat '" ~ entry.stat ~ "' needs one measure of "
            ~ known.kinds | join(', ') ~ "; it has: " ~ (kinds | join(', ') or 'none')) }}
    {% endif %}
    {% do stat.update({
        'kind': kinds[0],
        'is_derived': kinds[0] in known.derived,
        'is_count': kinds[0] in ['count', 'count_distinct'],
        'is_stock': stat.snapshot is not none and kinds[0] not in known.derived,
    }) %}
    {{ return(stat) }}
{% endmacro %}

{# `times` → its six or eight stats; any other entry stays as it is. #}
{% macro expand_times(entry, meta) %}
    {% if 'times' not in entry %}{{ return([entry]) }}{% endif %}
    {% set stats = [] %}
    {% set shared = {'fact': entry.get('fact', meta.get('fact')), 'unit': 'seconds'} %}
    {% for key in ['at', 'where'] if key in entry %}{% do shared.update({key: entry[key]}) %}{% endfor %}
    {% do shared.update({'attribution': 'event', 'mature_after': 0}) %}
    {% for suffix, needs in [('', []), ('_biz', ['has_schedules'])] %}
        {% set column = entry.times ~ suffix ~ '_s' %}
        {% set measures = [
            ('mean', {'mean': column}),
            ('median', {'quantile': {'of': column, 'p': 0.5}}),
            ('p90', {'quantile': {'of': column, 'p': 0.9}}),
        ] %}
        {% for name, measure in measures %}
            {% set stat = dict(shared, stat=name ~ suffix, needs=needs) %}
            {% do stat.update(measure) %}
            {% do stats.append(stat) %}
        {% endfor %}
    {% endfor %}
    {% if 'clock_start' in entry %}
        {% for suffix, needs in [('', []), ('_biz', ['has_schedules'])] %}
            {% set unanswered = entry.get('unanswered') %}
            {% set stat = dict(
                shared,
                stat='within_target' ~ suffix,
                needs=needs,
                unit='ratio',
                at=entry.clock_start,
                attribution='cohort',
                mature_after='target',
                within_target={
                    'elapsed': entry.times ~ suffix ~ '_s',
                    'unanswered': unanswered ~ suffix ~ '_s' if unanswered else none,
                },
            ) %}
            {% if 'clock_where' in entry %}{% do stat.update({'where': entry.clock_where}) %}{% endif %}
            {% do stats.append(stat) %}
        {% endfor %}
    {% endif %}
    {{ return(stats) }}
{% endmacro %}

{# Targets and alert rules name a stat, else they mean the first. #}
{% macro kpi_rules(rules, stats) %}
    {% set named = [] %}
    {% for rule in rules %}
        {% do named.append(dict(rule, stat=rule.get('stat', (stats | first).stat))) %}
    {% endfor %}
    {{ return(named) }}
{% endmacro %}

{# All stats of all blocks, hidden ones too. #}
{% macro kpi_stats() %}
    {% set stats = [] %}
    {% for block in kpi_blocks() %}{% do stats.extend(block.stats) %}{% endfor %}
    {{ return(stats) }}
{% endmacro %}
