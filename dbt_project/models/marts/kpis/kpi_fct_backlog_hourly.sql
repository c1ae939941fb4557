{{ config(tags='live') }}
{{ kpi_aggregates('fct_backlog_hourly') }}
