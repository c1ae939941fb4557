{# Entities of the open export format: every source of kind files or sample lands each of them. #}
{% macro export_entities() %}
    {{ return([
        'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers', 'orders',
        'order_lines', 'refunds', 'time_entries', 'nps_responses', 'qa_reviews', 'cost_rates',
        'support_costs', 'fx_rates', 'roster', 'calendar_context', 'schedules', 'holidays',
        'targets', 'quarantine', 'file_loads',
    ]) }}
{% endmacro %}

{#
  One view an entity, `landed.files_<entity>`, over the raw schemas of all sources of the kind.
  The sources are data (raw_bookbag.sources), so that plain `dbt build` needs no variables.
#}
{% macro create_landed_views() %}
    {% if execute and flags.WHICH in ('run', 'build', 'test', 'seed', 'snapshot') %}
        {% set names = run_query(
            "select source from raw_bookbag.sources where kind in ('files', 'sample') and 'raw_' || source"
            ~ " in (select table_schema from information_schema.tables where table_name = 'file_loads')"
            ~ " order by source"
        ).columns[0].values() %}
        {% if not names %}
            {{ exceptions.raise_compiler_error(
                "No source has landed anything yet, so there is nothing to build: run ingest first."
            ) }}
        {% endif %}
        {% do run_query("create schema if not exists landed") %}
        {% for entity in export_entities() %}
            {% set branches = [] %}
            {% for name in names %}
                {% do branches.append(
                    "select '" ~ name ~ "' as source, * from raw_" ~ name ~ "." ~ entity
                ) %}
            {% endfor %}
            {% do run_query(
                "create or replace view landed.files_" ~ entity ~ " as "
                ~ branches | join(union_by_name())
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
