"""`<DateRange name=period data={q} dates=day/>`: from and to, as `${inputs.period.start}` and
`${inputs.period.end}` of `column between … and …`.
"""

from reports.evidence.components.spec import COLUMN, QUERY, TEXT, Attribute, Spec

PRESETS = (
    "Last 7 Days", "Last 30 Days", "Last 90 Days", "Last 3 Months", "Last 6 Months",
    "Last 12 Months", "All Time",
)  # fmt: skip
SPECS = (
    Spec(
        "DateRange",
        {
            "name": Attribute("text", is_required=True),
            "data": QUERY,
            "dates": COLUMN,
            "title": TEXT,
            "defaultValue": Attribute("text", among=PRESETS),
        },
    ),
)
