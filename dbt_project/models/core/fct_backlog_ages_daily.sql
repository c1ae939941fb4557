{{ backlog_ages('day') }}
