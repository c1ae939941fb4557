{{ kpi_aggregates('fct_resolves') }}
