{{ of_all_kinds('order_lines', [
    'source', 'line_id', 'order_id', 'line_no', 'sku', 'product_type', 'quantity',
    'net_amount', 'placed_at', 'customer_id', 'customer_email', 'currency', 'country',
    'loaded_at',
]) }}
