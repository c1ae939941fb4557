"""`<Alert status=warning>…</Alert>`: a note that stands out."""

from reports.evidence.components.spec import Attribute, Spec

SPECS = (
    Spec(
        "Alert",
        {"status": Attribute("text", among=("info", "positive", "warning", "negative"))},
        holds=None,
        is_drawn=False,
    ),
)
