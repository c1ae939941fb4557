{{ backlog_counts('day') }}
