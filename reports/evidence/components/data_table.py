"""`<DataTable data={q}><Column id=kpi/></DataTable>`: rows, which can be searched and sorted."""

from reports.evidence.components.spec import (
    COLUMN,
    FLAG,
    FMT,
    NEEDED_COLUMN,
    NUMBER,
    QUERY,
    TEXT,
    Attribute,
    Spec,
)

SPECS = (
    Spec(
        "DataTable",
        {
            "data": QUERY,
            "rows": NUMBER,
            "title": TEXT,
            "search": FLAG,
            "sort": TEXT,
            "link": COLUMN,
            "emptyMessage": TEXT,
            "emptySet": Attribute("text", among=("warn", "pass")),
        },
        holds=("Column",),
    ),
    Spec(
        "Column",
        {
            "id": NEEDED_COLUMN,
            "title": TEXT,
            "fmt": FMT,
            "fmtColumn": COLUMN,
            "align": Attribute("text", among=("left", "right", "center")),
            "wrap": FLAG,
        },
        within=("DataTable",),
    ),
)
