"""`<LineChart data={q} x=day y=csat series=handling/>`."""

from reports.evidence.components.spec import CHART, CHILDREN, FLAG, Attribute, Spec

SPECS = (
    Spec(
        "LineChart",
        {
            **CHART,
            "markers": FLAG,
            "handleMissing": Attribute("text", among=("gap", "connect", "zero")),
        },
        holds=CHILDREN,
    ),
)
