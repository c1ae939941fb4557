{{ of_all_kinds('customers', [
    'source', 'customer_id', 'email', 'phone', 'merged_into', 'created_at', 'is_test',
    'is_internal', 'loaded_at',
]) }}
