"""`<LineChart data={q} x=day y=csat series=handling/>`; `bandLow` and `bandHigh` are the columns
between which a figure usually is.
"""

from reports.evidence.components.spec import CHART, CHILDREN, COLUMN, FLAG, Attribute, Spec

SPECS = (
    Spec(
        "LineChart",
        {
            **CHART,
            "markers": FLAG,
            "bandLow": COLUMN,
            "bandHigh": COLUMN,
            "handleMissing": Attribute("text", among=("gap", "connect", "zero")),
        },
        holds=CHILDREN,
    ),
)
