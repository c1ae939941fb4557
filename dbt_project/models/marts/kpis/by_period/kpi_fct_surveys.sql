{{ kpi_aggregates('fct_surveys') }}
