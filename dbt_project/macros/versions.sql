{#
  Each version of a ticket beside the one before: `old_…` is what that one said, NULL for the first.
  `versions` is a relation or CTE with a row a version, numbered by `version_no` from 1. What
  version_event_ctes compares is always there; `more` names other columns.
#}
{% macro version_pairs(versions, more) %}
    select
        later.*,
        later.version_no = 1 as is_first,
        {%- for name in [
            'status', 'assignee_id', 'team', 'priority', 'category', 'tags', 'is_spam'
        ] + more %}
        earlier.{{ name }} as old_{{ name }},
        {%- endfor %}
        coalesce(later.tags, '') <> coalesce(earlier.tags, '') as is_new_tags
    from {{ versions }} as later
    left join {{ versions }} as earlier
        on later.source = earlier.source and later.ticket_id = earlier.ticket_id
        and later.version_no = earlier.version_no + 1
{% endmacro %}

{#
  CTEs for what every helpdesk without a history tells by its versions alone. `compared` is a CTE
  over version_pairs; the other two are expressions over it that date a change. `version_events`
  holds the events, and `tags_added` the rows of `compared` once for each tag that is new in them,
  those of first versions too: what was so before the first version is no event, but may be news.
#}
{% macro version_event_ctes(compared, changed_at, category_changed_at) %}
    created as (
        select
            source, ticket_id, version_no, 0 as place, 'created' as part,
            created_at as occurred_at, 'created' as event_type,
            cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
        from {{ compared }}
        where is_first
    ),

    {# Who is responsible stays so when the team changes, which the event of the team does not say. #}
    assignments as (
        select
            source, ticket_id, version_no, 4 as place, 'assignee' as part,
            {{ changed_at }} as occurred_at,
            case when assignee_id is null then 'unassigned' else 'assigned' end as event_type,
            old_assignee_id as from_value, assignee_id as to_value, loaded_at
        from {{ compared }}
        where not is_first
            and (
                assignee_id is distinct from old_assignee_id
                or (assignee_id is not null and team is not null and team is distinct from old_team)
            )
    ),

    settings as (
        {%- for place, name, event_type, at in [
            (3, 'team', 'assigned', changed_at),
            (5, 'priority', 'priority_set', changed_at),
            (6, 'category', 'category_set', category_changed_at),
        ] %}
        select
            source, ticket_id, version_no, {{ place }} as place, '{{ name }}' as part,
            {{ at }} as occurred_at, '{{ event_type }}' as event_type,
            old_{{ name }} as from_value, {{ name }} as to_value, loaded_at
        from {{ compared }}
        where not is_first and {{ name }} is not null and {{ name }} is distinct from old_{{ name }}
        {{- '\n\n        union all\n' if not loop.last }}
        {%- endfor %}
    ),

    {% for moment, column in [('after', 'tags'), ('before', 'old_tags')] %}
    tags_{{ moment }} as (
        select
            *,
            {{ texts_of_list(column) }} as tag
        from {{ compared }}
        where is_new_tags and {{ column }} is not null
    ),

    {% endfor %}
    {% for change, here, there in [('added', 'after', 'before'), ('removed', 'before', 'after')] %}
    tags_{{ change }} as (
        select here.*
        from tags_{{ here }} as here
        left join tags_{{ there }} as there
            on here.source = there.source and here.ticket_id = there.ticket_id
            and here.version_no = there.version_no and here.tag = there.tag
        where there.tag is null
    ),

    {% endfor %}
    tags as (
        {%- for change in ['added', 'removed'] %}
        select
            source, ticket_id, version_no, 7 as place, 'tag|' || tag as part,
            {{ changed_at }} as occurred_at, 'tag_{{ change }}' as event_type,
            cast(null as varchar) as from_value, tag as to_value, loaded_at
        from tags_{{ change }}
        where not is_first
        {{- '\n\n        union all\n' if not loop.last }}
        {%- endfor %}
    ),

    spam as (
        select
            source, ticket_id, version_no, 11 as place, 'spam' as part,
            {{ changed_at }} as occurred_at,
            case when is_spam then 'spam_marked' else 'spam_unmarked' end as event_type,
            cast(null as varchar) as from_value, cast(null as varchar) as to_value, loaded_at
        from {{ compared }}
        where is_spam <> coalesce(old_is_spam, false)
    ),

    version_events as (
        {%- for name in ['created', 'settings', 'assignments', 'tags', 'spam'] %}
        select * from {{ name }}
        {{- '\n        union all' if not loop.last }}
        {%- endfor %}
    )
{% endmacro %}
