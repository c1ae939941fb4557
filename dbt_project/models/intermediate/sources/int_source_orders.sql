{{ of_all_kinds('orders', [
    'source', 'order_id', 'placed_at', 'paid_at', 'cancelled_at', 'payment_status',
    'customer_id', 'customer_email', 'total', 'discount', 'tax', 'shipping', 'currency',
    'sales_channel', 'country', 'is_test', 'is_replacement', 'is_deleted', 'updated_at',
    'loaded_at',
]) }}
