{#
  How models become tables on DuckDB. Nobody reads the private file while it is written, so a table is
  made anew in one transaction, with nothing to keep aside and to rename.
#}
{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}{{ whole_table(target, compiled_code) }}{%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
  A live build writes what the next one writes again within a minute: to look for the best compression
  of each column takes half of its time. Whole builds compress what they make.
#}
{% macro write_plainly() -%}
    {%- if is_live() -%}set force_compression = 'uncompressed'{%- endif -%}
{%- endmacro %}

{#
  A model of which only what hangs on a change is made anew: `unique_key` says on what, and its list
  (`changed_list`) what. Those rows go and come; a model that is not there yet is made whole.
#}
{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set dates = dating_columns(model.name) if model.name.startswith('fct_') else [] -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if is_partial() -%}
        {%- set key = config.require('unique_key') -%}
        {%- set list = '(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ changed_list(key) ~ ')' -%}
        {%- if dates -%}
            {%- call statement('keep') -%}
                create or replace temporary table before_{{ model.name }} as
                    select * from {{ target }} where {{ list }}
            {%- endcall -%}
        {%- endif -%}
        {%- call statement('forget') -%}delete from {{ target }} where {{ list }}{%- endcall -%}
        {%- call statement('main') -%}
            insert into {{ target }} by name {{ compiled_code }}
        {%- endcall -%}
        {%- if dates -%}
            {%- call statement('touch') -%}{{ touch_what_differs(target, list, dates) }}{%- endcall -%}
        {%- endif -%}
    {%- else -%}
        {%- call statement('main') -%}{{ whole_table(target, compiled_code) }}{%- endcall -%}
        {%- do persist_docs(target, model) -%}
        {%- if dates -%}
            {%- call statement('touch') -%}
                insert into raw_bookbag.touched values ('{{ model.name }}', null, null)
            {%- endcall -%}
        {%- endif -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
  When the rows of a fact are dated that are others now; a NULL stands for any time, or for now. Of a
  span that only ends at another time, what lies between the two ends.
#}
{% macro touch_what_differs(target, list, dates) -%}
    {%- set ageing = ageing_columns(model.name) -%}
    {%- set names = adapter.get_columns_in_relation(target)
        | map(attribute='name') | reject('equalto', 'state_as_of') | list -%}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- do columns.append(targets_reached(name) ~ ' as ' ~ name if name in ageing else name) -%}
    {%- endfor -%}
    {%- set columns = columns | join(', ') -%}
    {%- set now = 'select ' ~ columns ~ ' from ' ~ target ~ ' where ' ~ list -%}
    {%- set before = 'select ' ~ columns ~ ' from before_' ~ model.name -%}
    insert into raw_bookbag.touched
    with differing as (
        select *, 1 as side from ({{ now }} except all {{ before }})
        union all
        select *, -1 as side from ({{ before }} except all {{ now }})
    )
    {%- for date in dates %}
    {%- set first, last = (date.split(' to ') + [date])[:2] %}
    select distinct
        '{{ model.name }}',
        {% if first == last -%}
        {{ first }}, {{ last }}
        {%- else -%}
        case when sum(side) = 0 then min({{ last }}) else {{ first }} end,
        case when count(*) = count({{ last }}) then max({{ last }}) end
        {%- endif %}
    from differing
    where {{ first }} is not null
    {%- if first != last %}
    group by {{ names | reject('equalto', last) | join(', ') }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro whole_table(target, compiled_code) %}
    {%- set existing = load_cached_relation(target) -%}
    {%- if existing is not none -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {{ create_table_as(False, target, compiled_code) }}
{% endmacro %}
