"""`<Value data={q} column=csat/>`: the first row's figure within a sentence."""

from reports.evidence.components.spec import FMT, NEEDED_COLUMN, QUERY, TEXT, Spec

SPECS = (Spec("Value", {"data": QUERY, "column": NEEDED_COLUMN, "fmt": FMT, "placeholder": TEXT}),)
