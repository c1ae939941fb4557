{{ kpi_aggregates('fct_episodes') }}
