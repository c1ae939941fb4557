"""`<AreaChart data={q} x=day y=tickets series=channel/>`: stacked by series."""

from reports.evidence.components.spec import CHART, CHILDREN, Spec

SPECS = (Spec("AreaChart", CHART, holds=CHILDREN),)
