"""`<ReferenceLine y=4.3 label=target/>` and `<ReferenceArea data={events} xMin=a xMax=b label=c/>`
in a chart: a level, or days that are known to be unlike others.
"""

from reports.evidence.components.spec import TEXT, Attribute, Spec

WITHIN = ("LineChart", "AreaChart", "BarChart")
QUERY = Attribute("query")
SPECS = (
    Spec("ReferenceLine", {"data": QUERY, "y": TEXT, "x": TEXT, "label": TEXT}, within=WITHIN),
    Spec(
        "ReferenceArea",
        {"data": QUERY, "xMin": TEXT, "xMax": TEXT, "yMin": TEXT, "yMax": TEXT, "label": TEXT},
        within=WITHIN,
    ),
)
