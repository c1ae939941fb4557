{{ kpi_aggregates('fct_ai_resolutions') }}
