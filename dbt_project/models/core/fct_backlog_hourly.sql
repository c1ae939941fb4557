{{ config(tags='live') }}
{{ backlog_counts('hour') }}
