{{ kpi_aggregates('fct_repurchases') }}
