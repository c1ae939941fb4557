{{ of_all_kinds('csat_responses', [
    'source', 'response_id', 'ticket_id', 'rated_at', 'score', 'scale', 'target',
    'survey_sent_at', 'episode_seq', 'loaded_at',
]) }}
