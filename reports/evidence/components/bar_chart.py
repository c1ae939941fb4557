"""`<BarChart data={q} x=category y=tickets/>`; `swapXY` lays the bars."""

from reports.evidence.components.spec import CHART, CHILDREN, FLAG, Attribute, Spec

SPECS = (
    Spec(
        "BarChart",
        {
            **CHART,
            "swapXY": FLAG,
            "type": Attribute("text", among=("stacked", "grouped")),
            "sort": FLAG,
        },
        holds=CHILDREN,
    ),
)
