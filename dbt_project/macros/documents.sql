{#
  Documents of API sources. A staging model with a `unique_key` of `source` and a column that is the
  documents' `_key` reads them and nothing else, so it is made anew for those keys alone of which a
  document has landed since the kind was built; what meets maps, users or other documents is a model
  of its own, and made whole. `raw_bookbag.built_loads` says what was landed then.
#}

{# Documents of an API source: the newest of each key, gone ones marked; `relation` is landed. #}
{% macro newest_documents(relation) %}
    select
        source,
        _key,
        payload,
        _is_deleted,
        _loaded_at as loaded_at,
        row_number() over (
            partition by source, _key order by _dlt_load_id desc, _order desc
        ) as row_rank
    from {{ relation }}
    {%- if is_partial() %}
    {#- The first of the two alone lets DuckDB pass over what holds none of them. #}
    where _key in (select _key from ({{ new_documents() }}))
        and (source, _key) in (select source, _key from ({{ new_documents() }}))
    {%- endif %}
{% endmacro %}

{# Keys of what has landed since, in the tables that the model reads. #}
{% macro new_documents() -%}
    {%- set branches = [] -%}
    {%- for schema, table in model.sources -%}
        {%- do branches.append('select source, _key, _dlt_load_id from landed.' ~ table) -%}
    {%- endfor -%}
    select distinct source, _key from ({{ branches | join(' union all ') }})
    where (source, _dlt_load_id) not in (
        select source, load_id from raw_bookbag.built_loads where kind = '{{ kind_of(model) }}'
    )
{%- endmacro %}

{# Whether what is known of the kind is built, so that what is new is all that is to be read. #}
{% macro is_kind_built() -%}
    {%- set known = run_query(
        "select count(*) from raw_bookbag.built_loads where kind = '" ~ kind_of(model) ~ "'"
    ) -%}
    {{ return(known.columns[0].values()[0] > 0) }}
{%- endmacro %}

{# The kind that a staging model is of, which is its folder; none where it is another model. #}
{% macro kind_of(node) -%}
    {%- set place = node.path.split('/') -%}
    {{ return(place[1] if place[0] == 'staging' and place | length > 2 else none) }}
{%- endmacro %}

{# By kind, the models that read documents. #}
{% macro document_models() -%}
    {%- set found = {} -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.config.materialized == 'incremental'
        and kind_of(node) -%}
        {%- do found.setdefault(kind_of(node), []).append(node.unique_id) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# What has landed of these kinds: how many rows each load holds, and a mark of what reads them. #}
{% macro landed_loads(kinds) -%}
    {%- set branches = [] -%}
    {%- set readers = document_models() -%}
    {%- for view in graph.sources.values()
        if view.source_name == 'landed' and view.name.split('_', 1)[0] in kinds -%}
        {%- set kind = view.name.split('_', 1)[0] -%}
        {%- set sums = [] -%}
        {%- for id in readers[kind] | sort -%}
            {%- do sums.append(graph.nodes[id].checksum.checksum) -%}
        {%- endfor -%}
        {%- do branches.append(
            "select '" ~ kind ~ "' as kind, source, _dlt_load_id as load_id, '"
            ~ local_md5(sums | join) ~ "' as mark from landed." ~ view.name
        ) -%}
    {%- endfor -%}
    select kind, source, load_id, count(*) as landed_rows, mark
    from ({{ branches | join(' union all ') }})
    group by kind, source, load_id, mark
{%- endmacro %}

{#
  Before a build: a kind of which something that was built upon is not there any more, a source or
  what a killed load had left, or a model is another, is not known, and made whole.
#}
{% macro forget_lost_loads() %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        delete from raw_bookbag.built_loads
        where kind in (
            select kind from (
                select kind, source, load_id, landed_rows, mark from raw_bookbag.built_loads
                except
                {{ landed_loads(document_models()) }}
            )
        )
    {%- endif -%}
{% endmacro %}

{# After a build: a kind is known up to now where all that reads its documents was built. #}
{% macro remember_loads(done) %}
    {%- set kinds = [] -%}
    {%- for kind, models in document_models().items()
        if models | reject('in', done) | list | length == 0 -%}
        {%- do kinds.append(kind) -%}
    {%- endfor -%}
    {%- if kinds %}
        delete from raw_bookbag.built_loads where kind in ('{{ kinds | join("', '") }}');
        insert into raw_bookbag.built_loads {{ landed_loads(kinds) }};
    {%- endif %}
{% endmacro %}

{#
  Orders as last told: a deleted one, or one that `is_trashed`, stays as it was told before.
  `is_trashed` is an expression over `payload`.
#}
{% macro told_orders(relation, is_trashed='false') %}
    with

    documents as (
        {{ newest_documents(relation) }}
    ),

    told as (
        select
            source,
            _key,
            payload,
            _is_deleted,
            loaded_at,
            row_number() over (
                partition by source, _key
                order by _is_deleted, coalesce({{ is_trashed }}, false), row_rank
            ) as recency,
            max(case
                when row_rank = 1 and (_is_deleted or {{ is_trashed }}) then 1 else 0
            end) over (partition by source, _key) = 1 as is_deleted
        from documents
    )

    select
        source,
        _key,
        payload,
        is_deleted,
        loaded_at
    from told
    where recency = 1 and not _is_deleted
{% endmacro %}

{#
  Order documents with the `order_id` that people know them by: the name, which tickets and texts
  use; of two with one name the later gets its number too. `key` is the column of their `_key`.
#}
{% macro named_orders(documents, key) %}
    select
        *,
        case
            when order_name is null then order_number
            when row_number() over (
                partition by source, order_name order by is_deleted, placed_at, {{ key }}
            ) = 1 then order_name
            else order_name || '/' || order_number
        end as order_id
    from {{ documents }}
{% endmacro %}
