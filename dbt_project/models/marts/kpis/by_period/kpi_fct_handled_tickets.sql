{{ kpi_aggregates('fct_handled_tickets') }}
