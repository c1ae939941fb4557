{{ backlog_ages('hour') }}
