{{ of_all_kinds('refunds', [
    'source', 'refund_id', 'order_id', 'refunded_at', 'amount', 'reason', 'kind', 'loaded_at',
]) }}
