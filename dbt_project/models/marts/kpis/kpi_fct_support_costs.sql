{{ kpi_aggregates('fct_support_costs') }}
