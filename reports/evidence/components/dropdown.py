"""`<Dropdown name=channel data={q} value=channel/>`: a choice, as `${inputs.channel.value}`."""

from reports.evidence.components.spec import COLUMN, TEXT, Attribute, Spec

SPECS = (
    Spec(
        "Dropdown",
        {
            "name": Attribute("text", is_required=True),
            "data": Attribute("query"),
            "value": COLUMN,
            "label": COLUMN,
            "title": TEXT,
            "defaultValue": TEXT,
        },
        holds=("DropdownOption",),
    ),
    Spec(
        "DropdownOption",
        {"value": Attribute("text", is_required=True), "valueLabel": TEXT},
        within=("Dropdown",),
    ),
)
