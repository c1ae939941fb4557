{{ kpi_aggregates('fct_rated_customers') }}
