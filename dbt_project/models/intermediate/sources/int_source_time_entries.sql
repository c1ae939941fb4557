{{ of_all_kinds('time_entries', [
    'source', 'entry_id', 'ticket_id', 'agent_id', 'started_at', 'seconds', 'method',
    'loaded_at',
]) }}
