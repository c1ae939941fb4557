{{ of_all_kinds('tickets', [
    'source', 'ticket_id', 'created_at', 'updated_at', 'customer_id', 'customer_email',
    'channel', 'is_sync', 'category', 'subcategory', 'status', 'priority', 'team',
    'assignee_id', 'brand', 'subject_hash', 'tags', 'language', 'product_sku', 'order_id',
    'is_spam', 'is_deleted', 'deleted_at', 'is_test', 'merged_into', 'first_reply_at',
    'resolved_at', 'loaded_at',
]) }}
