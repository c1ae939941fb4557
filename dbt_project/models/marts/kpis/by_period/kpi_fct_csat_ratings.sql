{{ kpi_aggregates('fct_csat_ratings') }}
