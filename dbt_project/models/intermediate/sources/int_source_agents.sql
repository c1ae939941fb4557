{{ of_all_kinds('agents', [
    'source', 'agent_id', 'name', 'kind', 'team', 'active_from', 'active_to', 'loaded_at',
]) }}
