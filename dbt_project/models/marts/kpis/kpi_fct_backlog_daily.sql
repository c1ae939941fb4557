{{ kpi_aggregates('fct_backlog_daily') }}
