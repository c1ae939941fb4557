"""`<Grid cols=2>…</Grid>`: side by side where there is room."""

from reports.evidence.components.spec import NUMBER, Spec

SPECS = (
    Spec("Grid", {"cols": NUMBER}, holds=None, is_drawn=False),
    Spec("Group", holds=None, is_drawn=False),
)
