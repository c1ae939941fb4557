{{ of_all_kinds('ticket_events', [
    'source', 'event_id', 'ticket_id', 'occurred_at', 'event_type', 'from_value', 'to_value',
    'reason', 'actor_kind', 'actor_id', 'seq', 'loaded_at',
]) }}
