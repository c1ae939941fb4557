{{ kpi_aggregates('fct_recommended_lines') }}
