-- Tickets of all kinds, one under the other; their categories by the account's own map, where it has
-- one.
with

told as (
    {{ of_all_kinds('tickets', [
        'source', 'ticket_id', 'created_at', 'updated_at', 'customer_id', 'customer_email',
        'channel', 'is_sync', 'category', 'subcategory', 'status', 'priority', 'team',
        'assignee_id', 'brand', 'subject_hash', 'tags', 'language', 'product_sku', 'order_id',
        'is_spam', 'is_deleted', 'deleted_at', 'is_test', 'merged_into', 'first_reply_at',
        'resolved_at', 'loaded_at',
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
        told.ticket_id,
        told.created_at,
        told.updated_at,
        told.customer_id,
        told.customer_email,
        told.channel,
        told.is_sync,
        {{ mapped_category('told.category', 'category_words.category') }} as category,
        told.subcategory,
        told.status,
        told.priority,
        told.team,
        told.assignee_id,
        told.brand,
        told.subject_hash,
        told.tags,
        told.language,
        told.product_sku,
        told.order_id,
        told.is_spam,
        told.is_deleted,
        told.deleted_at,
        told.is_test,
        told.merged_into,
        told.first_reply_at,
        told.resolved_at,
        told.loaded_at
    from told
    left join mapped_sources on told.source = mapped_sources.source
    left join category_words
        on told.source = category_words.source
        and lower(trim(told.category)) = category_words.word
)

select * from mapped
