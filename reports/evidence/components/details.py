"""`<Details title="How this is measured">…</Details>`: what is read on request."""

from reports.evidence.components.spec import FLAG, TEXT, Spec

SPECS = (Spec("Details", {"title": TEXT, "open": FLAG}, holds=None, is_drawn=False),)
