"""`<Tabs><Tab label="By channel">…</Tab></Tabs>`: one at a time."""

from reports.evidence.components.spec import TEXT, Attribute, Spec

SPECS = (
    Spec("Tabs", {"id": TEXT}, holds=("Tab",), is_drawn=False),
    Spec(
        "Tab",
        {"label": Attribute("text", is_required=True)},
        within=("Tabs",),
        holds=None,
        is_drawn=False,
    ),
)
