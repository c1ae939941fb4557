{{ kpi_aggregates('fct_recoveries') }}
