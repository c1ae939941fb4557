"""`<Value data={q} column=csat/>`: the first row's figure within a sentence, or with `agg` that of
all rows.
"""

from reports.evidence.components.spec import AGG, FMT, NEEDED_COLUMN, QUERY, TEXT, Spec

SPECS = (
    Spec(
        "Value",
        {"data": QUERY, "column": NEEDED_COLUMN, "agg": AGG, "fmt": FMT, "placeholder": TEXT},
    ),
)
