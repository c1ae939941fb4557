{{ kpi_aggregates('fct_backlog_ages_daily') }}
