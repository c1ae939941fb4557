"""`<BigValue data={q} value=csat title=CSAT/>`: the first row's figure, with what it is compared to
and a sparkline of all rows.
"""

from reports.evidence.components.spec import COLUMN, FLAG, FMT, NEEDED_COLUMN, QUERY, TEXT, Spec

SPECS = (
    Spec(
        "BigValue",
        {
            "data": QUERY,
            "value": NEEDED_COLUMN,
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
