{{ kpi_aggregates('fct_alerts') }}
