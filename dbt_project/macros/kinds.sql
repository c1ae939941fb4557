{# Entities that the staging models of each kind give, in the columns of the export format. #}
{% macro staged_entities() %}
    {{ return({
        'files': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'time_entries', 'order_mentions', 'orders', 'order_lines', 'refunds',
        ],
        'intercom': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'time_entries', 'order_mentions',
        ],
        'gorgias': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'order_mentions',
        ],
        'freshdesk': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'time_entries', 'order_mentions',
        ],
        'zendesk': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'time_entries', 'order_mentions',
        ],
        'chatwoot': [
            'tickets', 'messages', 'ticket_events', 'csat_responses', 'agents', 'customers',
            'order_mentions',
        ],
        'shopify': ['customers', 'orders', 'order_lines', 'refunds'],
        'woocommerce': ['customers', 'orders', 'order_lines', 'refunds'],
    }) }}
{% endmacro %}

{#
  An entity of all sources: the staging models of each kind that has it, one under the other. A build
  names those of kinds that the account has, and `files`, which always stands: the others need not be
  there, so a run can leave them out.
#}
{% macro of_all_kinds(entity, columns) %}
    {%- set used = kinds_in_use() %}
    {%- set branches = [] %}
    {%- for kind, entities in staged_entities().items() if entity in entities %}
        {%- set staged = ref('stg_' ~ kind ~ '__' ~ entity) %}
        {%- if used is none or kind == 'files' or kind in used %}
            {%- do branches.append('select\n    ' ~ columns | join(',\n    ') ~ '\nfrom ' ~ staged) %}
        {%- endif %}
    {%- endfor %}
    {{- branches | join('\n\nunion all\n\n') }}
{% endmacro %}

{#
  A word for a category as the account's map says it, from a row of mapped_sources and the row of
  int_source_category_words that it met: a source without a map keeps its words.
#}
{% macro mapped_category(word, category) -%}
    case
        when {{ word }} is null or mapped_sources.source is null then {{ word }}
        else coalesce({{ category }}, 'unmapped')
    end
{%- endmacro %}

{# Kinds of the account's sources; none where they are not known: nothing is built then. #}
{% macro kinds_in_use() %}
    {% if execute and flags.WHICH in ('run', 'build', 'test') %}
        {% set found = run_query("select distinct kind from raw_bookbag.sources") %}
        {{ return(found.columns[0].values() | list) }}
    {% endif %}
    {{ return(none) }}
{% endmacro %}

{#
  Documents of an API source: the newest of each key, gone ones marked. `relation` is a landed view.
#}
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
{% endmacro %}

{#
  Orders as last told, with the `order_id` that people know them by: the name, which tickets and texts
  use; of two with one name the later gets its number too. A deleted one, or one that `is_trashed`,
  stays as it was told before. The other arguments are expressions over `_key` and `payload`.
#}
{% macro named_orders(relation, number, name, placed_at, is_trashed='false') %}
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
    ),

    read as (
        select
            source,
            _key,
            {{ number }} as order_number,
            trim({{ name }}) as order_name,
            {{ placed_at }} as placed_at,
            payload,
            is_deleted,
            loaded_at
        from told
        where recency = 1 and not _is_deleted
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by source, order_name order by is_deleted, placed_at, _key
            ) as name_rank
        from read
    )

    select
        source,
        _key,
        case
            when order_name is null then order_number
            when name_rank = 1 then order_name
            else order_name || '/' || order_number
        end as order_id,
        placed_at,
        payload,
        is_deleted,
        loaded_at
    from ranked
    where placed_at is not null
{% endmacro %}

{# Lines with their place in the order, by their ids, and what they have of it. #}
{% macro lines_of_orders(lines, orders) %}
    select
        {{ lines }}.source,
        {{ lines }}.line_id,
        {{ lines }}.order_id,
        row_number() over (
            partition by {{ lines }}.source, {{ lines }}.order_id
            order by try_cast({{ lines }}.line_id as bigint), {{ lines }}.line_id
        ) as line_no,
        {{ lines }}.sku,
        {{ lines }}.product_type,
        {{ lines }}.quantity,
        {{ lines }}.net_amount,
        {{ orders }}.placed_at,
        {{ orders }}.customer_id,
        {{ orders }}.customer_email,
        {{ orders }}.currency,
        {{ orders }}.country,
        {{ lines }}.loaded_at
    from {{ lines }}
    inner join {{ orders }}
        on {{ lines }}.source = {{ orders }}.source and {{ lines }}.order_id = {{ orders }}.order_id
{% endmacro %}
