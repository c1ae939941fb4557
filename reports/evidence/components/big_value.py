"""`<BigValue data={q} value=csat title=CSAT/>`: the last row's figure, or with `agg` that of all
rows, with what it is compared to and a sparkline of all rows.
"""

from reports.evidence.components.spec import (
    AGG,
    COLUMN,
    FLAG,
    FMT,
    NEEDED_COLUMN,
    QUERY,
    TEXT,
    Spec,
)

SPECS = (
    Spec(
        "BigValue",
        {
            "data": QUERY,
            "value": NEEDED_COLUMN,
            "agg": AGG,
            "title": TEXT,
            "fmt": FMT,
            "comparison": COLUMN,
            "comparisonTitle": TEXT,
            "comparisonFmt": FMT,
            "downIsGood": FLAG,
            "sparkline": COLUMN,
            "link": TEXT,
        },
    ),
)
