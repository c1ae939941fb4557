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
        'shopify': ['customers', 'orders', 'order_lines', 'refunds'],
    }) }}
{% endmacro %}

{# An entity of all sources: the staging models of each kind that has it, one under the other. #}
{% macro of_all_kinds(entity, columns) %}
    {%- set branches = [] %}
    {%- for kind, entities in staged_entities().items() if entity in entities %}
        {%- do branches.append(
            'select\n    ' ~ columns | join(',\n    ')
            ~ '\nfrom ' ~ ref('stg_' ~ kind ~ '__' ~ entity)
        ) %}
    {%- endfor %}
    {{- branches | join('\n\nunion all\n\n') }}
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
