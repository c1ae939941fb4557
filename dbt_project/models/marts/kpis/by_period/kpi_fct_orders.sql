{{ kpi_aggregates('fct_orders') }}
