{{ of_all_kinds('order_mentions', [
    'source', 'ticket_id', 'mentioned_at', 'order_number',
]) }}
