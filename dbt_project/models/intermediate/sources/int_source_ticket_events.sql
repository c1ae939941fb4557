-- Events of all kinds, one under the other; the categories that they set by the account's own map,
-- where it has one.
with

told as (
    {{ of_all_kinds('ticket_events', [
        'source', 'event_id', 'ticket_id', 'occurred_at', 'event_type', 'from_value', 'to_value',
        'reason', 'actor_kind', 'actor_id', 'seq', 'loaded_at',
    ]) | indent }}
),

category_words as (
    select * from {{ ref('int_source_category_words') }}
),

mapped_sources as (
    select distinct source from {{ ref('int_source_category_words') }}
),

mapped as (
    select
        told.source,
        told.event_id,
        told.ticket_id,
        told.occurred_at,
        told.event_type,
        case
            when told.event_type = 'category_set'
                then {{ mapped_category('told.from_value', 'old_words.category') }}
            else told.from_value
        end as from_value,
        case
            when told.event_type = 'category_set'
                then {{ mapped_category('told.to_value', 'new_words.category') }}
            else told.to_value
        end as to_value,
        told.reason,
        told.actor_kind,
        told.actor_id,
        told.seq,
        told.loaded_at
    from told
    left join mapped_sources on told.source = mapped_sources.source
    left join category_words as old_words
        on told.source = old_words.source
        and lower(trim(told.from_value)) = old_words.word
    left join category_words as new_words
        on told.source = new_words.source
        and lower(trim(told.to_value)) = new_words.word
)

select * from mapped
