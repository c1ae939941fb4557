{{ of_all_kinds('messages', [
    'source', 'message_id', 'ticket_id', 'sent_at', 'author_kind', 'author_id', 'is_public',
    'is_auto', 'is_gratitude', 'is_substantive', 'is_ai_assisted', 'recommended_skus',
    'char_count', 'seq', 'loaded_at',
]) }}
