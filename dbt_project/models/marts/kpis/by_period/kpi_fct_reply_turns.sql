{{ kpi_aggregates('fct_reply_turns') }}
