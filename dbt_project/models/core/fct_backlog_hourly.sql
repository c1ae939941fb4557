{{ backlog_counts('hour') }}
