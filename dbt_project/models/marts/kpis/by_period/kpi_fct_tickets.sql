{{ kpi_aggregates('fct_tickets') }}
