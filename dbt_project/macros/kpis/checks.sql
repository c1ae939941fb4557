{# A block that lacks something stops the build, and says which KPI and what. #}

{% macro fail_kpi(kpi, message) %}
    {{ exceptions.raise_compiler_error("KPI '" ~ kpi ~ "': " ~ message) }}
{% endmacro %}

{% macro check_block(node, meta) %}
    {% set required = [
        'code', 'tier', 'unit', 'direction', 'quadrant', 'protocol', 'cadence', 'benchmark',
        'benchmark_source', 'reads', 'needs',
    ] %}
    {% for key in required if not meta.get(key) %}
        {{ fail_kpi(node.name, "its block has no '" ~ key ~ "'; add it under config.meta in "
            ~ node.original_file_path) }}
    {% endfor %}
    {% if not meta.get('stats') and not meta.get('mart') %}
        {{ fail_kpi(node.name, "its block has no 'stats', nor a 'mart' that it is read in; add them under "
            ~ "config.meta in " ~ node.original_file_path) }}
    {% endif %}
    {% if not node.owner.name %}
        {{ fail_kpi(node.name, "it has no owner; add `owner: {name: …}` in " ~ node.original_file_path) }}
    {% endif %}
    {% for key, text in [('description', node.description), ('label', node.label)] if not text %}
        {{ fail_kpi(node.name, "it has no " ~ key ~ " in " ~ node.original_file_path) }}
    {% endfor %}
    {% set allowed = {
        'tier': ['headline', 'diagnostic', 'volume', 'agent', 'planning', 'ops', 'revenue', 'business case'],
        'direction': ['up', 'down', 'in-band', 'context'],
        'quadrant': ['quality', 'efficiency', 'volume', 'revenue'],
    } %}
    {% for key, values in allowed.items() if meta[key] not in values %}
        {{ fail_kpi(node.name, key ~ " '" ~ meta[key] ~ "' is none of " ~ values | join(', ')) }}
    {% endfor %}
    {% for domain in meta.reads if domain not in ['tickets', 'orders'] %}
        {{ fail_kpi(node.name, "it reads '" ~ domain ~ "'; known are tickets, orders") }}
    {% endfor %}
{% endmacro %}

{% macro check_stats(block, known_slices) %}
    {% set names = [] %}
    {% for stat in block.stats %}
        {% if stat.stat in names %}
            {{ fail_kpi(block.kpi, "stat '" ~ stat.stat ~ "' is there twice") }}
        {% endif %}
        {% do names.append(stat.stat) %}
        {% if stat.attribution not in ['cohort', 'event', 'as_of'] %}
            {{ fail_kpi(block.kpi, "stat '" ~ stat.stat ~ "' has no attribution (cohort, event, as_of)") }}
        {% endif %}
        {% for slice in stat.slices if slice not in known_slices %}
            {{ fail_kpi(block.kpi, "stat '" ~ stat.stat ~ "' names the slice '" ~ slice
                ~ "'; known are " ~ known_slices | join(', ')) }}
        {% endfor %}
        {% for grain in stat.grains if grain not in ['hour', 'day', 'week', 'month', 'quarter'] %}
            {{ fail_kpi(block.kpi, "stat '" ~ stat.stat ~ "' names the grain '" ~ grain ~ "'") }}
        {% endfor %}
        {% if not stat.is_derived and stat.kind != 'rows_from' and not stat.snapshot
                and not (stat.fact and stat.at) %}
            {{ fail_kpi(block.kpi, "stat '" ~ stat.stat ~ "' has no fact and instant (fact, at)") }}
        {% endif %}
    {% endfor %}
    {% for rule in block.targets + block.alerts if rule.stat not in names %}
        {{ fail_kpi(block.kpi, "a target or alert names the stat '" ~ rule.stat
            ~ "'; it has " ~ names | join(', ')) }}
    {% endfor %}
{% endmacro %}

{# F10: the four headlines are a decision of the guides, not of a block. #}
{% macro check_headlines(blocks) %}
    {% set core = ['csat', 'deflection_rate', 'first_contact_resolution', 'tickets_per_order'] %}
    {% set found = [] %}
    {% for block in blocks if block.meta.tier == 'headline' %}{% do found.append(block.kpi) %}{% endfor %}
    {% if found | sort != core %}
        {{ exceptions.raise_compiler_error(
            "tier headline belongs to exactly " ~ core | join(', ') ~ "; the blocks give it to "
            ~ found | sort | join(', ')
        ) }}
    {% endif %}
    {% set codes = [] %}
    {% for block in blocks %}
        {% if block.meta.code in codes %}
            {{ fail_kpi(block.kpi, "its code " ~ block.meta.code ~ " is another KPI's too") }}
        {% endif %}
        {% do codes.append(block.meta.code) %}
    {% endfor %}
{% endmacro %}

{# Every fact that a block names must have its aggregate, else its KPIs would silently be empty. #}
{% macro check_facts(aggregates) %}
    {% for measure in kpi_measures() if 'kpi_' ~ measure.fact not in aggregates %}
        {{ fail_kpi(measure.kpi, "stat '" ~ measure.stat ~ "' reads '" ~ measure.fact
            ~ "', which has no aggregate; known are " ~ aggregates | join(', ')) }}
    {% endfor %}
    {% for stat in kpi_stats() if stat.kind == 'rows_from' and stat.rows_from not in aggregates %}
        {{ fail_kpi(stat.kpi, "stat '" ~ stat.stat ~ "' comes from '" ~ stat.rows_from
            ~ "', which kpi_sources() does not list") }}
    {% endfor %}
{% endmacro %}

{# Words of an expression that are neither SQL nor a function must be columns of the fact. #}
{% macro check_columns(measures, relation) %}
    {% set known = [] %}
    {% for column in adapter.get_columns_in_relation(relation) %}{% do known.append(column.name | lower) %}{% endfor %}
    {% set words = ['and', 'or', 'not', 'is', 'null', 'in', 'between', 'case', 'when', 'then',
        'else', 'end', 'true', 'false', 'interval', 'hour', 'day', 'rows', 'cast', 'as',
        'decimal', 'double', 'distinct', 'from', 'like'] %}
    {% for measure in measures if known %}
        {% for text in measure_expressions(measure) %}
            {% set bare = modules.re.sub("'[^']*'", ' ', text | string) %}
            {% for name in modules.re.findall('[a-z_][a-z0-9_]*(?![a-z0-9_]*\\s*\\()', bare) %}
                {% if name not in words and name not in known %}
                    {{ fail_kpi(measure.kpi, "stat '" ~ measure.stat ~ "' names '" ~ name
                        ~ "', which " ~ measure.fact ~ " has not") }}
                {% endif %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
{% endmacro %}

{% macro measure_expressions(measure) %}
    {% set value = measure[measure.kind] %}
    {% set texts = [measure.where, measure.at] %}
    {% if measure.kind == 'quantile' %}{% do texts.append(value.of) %}
    {% elif measure.kind == 'within_target' %}
        {% do texts.append(value.elapsed) %}
        {% if value.unanswered %}{% do texts.append(value.unanswered) %}{% endif %}
    {% else %}{% do texts.append(value) %}
    {% endif %}
    {% for key in ['per', 'holds_until'] if measure[key] %}{% do texts.append(measure[key]) %}{% endfor %}
    {{ return(texts) }}
{% endmacro %}
