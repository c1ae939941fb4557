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

{# The place of a line in its order, by their ids; `key` names the order. #}
{% macro line_no(key) -%}
    row_number() over (
        partition by source, {{ key }} order by try_cast(line_id as bigint), line_id
    )
{%- endmacro %}

{# Lines with what they have of their order; `key` is a column of both that names it. #}
{% macro lines_of_orders(lines, orders, key) %}
    select
        {{ lines }}.source,
        {{ lines }}.line_id,
        {{ orders }}.order_id,
        {{ lines }}.line_no,
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
        on {{ lines }}.source = {{ orders }}.source and {{ lines }}.{{ key }} = {{ orders }}.{{ key }}
{% endmacro %}
