{#
  Tables of files whose rows tell of tickets, agents and customers that another source may hold: with
  `ids_of` they count as that source's.
#}
{% macro told_of_others() %}
    {{ return(['csat_responses', 'time_entries', 'nps_responses', 'qa_reviews', 'roster']) }}
{% endmacro %}

{#
  One view a kind and table, `landed.<kind>_<table>`, over the raw schemas of all sources of the
  kind: the tables are those that staging reads, the sources are data (raw_bookbag.sources), so that
  plain `dbt build` needs no variables. A kind that has none, or has not landed the table, shows the
  empty shape that stands beside them. Sources of kind `sample` land as `files` do; API sources land
  documents (`_key`, `payload`).
#}
{% macro create_landed_views() %}
    {% if execute and flags.WHICH in ('run', 'build', 'test', 'seed', 'snapshot') %}
        {% set found = run_query(
            "select sources.source, sources.kind, tables.table_name, sources.ids_of"
            ~ " from raw_bookbag.sources"
            ~ " inner join information_schema.tables as tables"
            ~ " on tables.table_schema = 'raw_' || sources.source"
            ~ " where tables.table_name not like '\\_dlt%' escape '\\' order by sources.source"
        ).rows %}
        {% if not found %}
            {{ exceptions.raise_compiler_error(
                "No source has landed anything yet, so there is nothing to build: run ingest first."
            ) }}
        {% endif %}
        {% do run_query("create schema if not exists landed") %}
        {% for view in graph.sources.values() if view.source_name == 'landed' %}
            {% set kind, table = view.name.split('_', 1) %}
            {% set shape = 'no_' ~ table if kind == 'files' else 'no_documents' %}
            {% set branches = [] %}
            {% for source, its_kind, its_table, ids_of in found if its_table == table %}
                {% if table in ('quarantine', 'file_loads') or its_kind == kind
                    or (kind == 'files' and its_kind == 'sample') %}
                    {% do branches.append(
                        "select '" ~ (ids_of if ids_of and table in told_of_others() else source)
                        ~ "' as source, * from raw_" ~ source ~ "." ~ table
                    ) %}
                {% endif %}
            {% endfor %}
            {% do run_query(
                "create or replace view landed." ~ kind ~ "_" ~ table ~ " as "
                ~ (branches | join(union_by_name())
                    or "select cast(null as varchar) as source, * from raw_bookbag." ~ shape)
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
