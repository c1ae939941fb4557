"""What a component takes: the same for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

# query: `{name}` of a query; column, columns: of that query; fmt: how a figure reads.
Kind = Literal["query", "column", "columns", "fmt", "text", "number", "flag"]


@dataclass(frozen=True)
class Attribute:
    """One attribute; `among`: the words that it may be."""

    kind: Kind
    is_required: bool = False
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """A component. `within`: what it stands in, if it cannot stand alone; `holds`: the components
    that may stand in it (None: Markdown and any). `is_drawn`: the page's script draws it from the
    data; else it is a frame around what it holds.
    """

    name: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    holds: tuple[str, ...] | None = ()
    is_drawn: bool = True


QUERY = Attribute("query", is_required=True)
TEXT, FMT, FLAG, NUMBER = (
    Attribute("text"),
    Attribute("fmt"),
    Attribute("flag"),
    Attribute("number"),
)
COLUMN, COLUMNS = Attribute("column"), Attribute("columns")
# How several rows become one figure.
AGG = Attribute("text", among=("sum", "avg", "median", "count", "min", "max"))
NEEDED_COLUMN = Attribute("column", is_required=True)
# What all charts take.
CHART: Mapping[str, Attribute] = MappingProxyType(
    {
        "data": QUERY,
        "x": NEEDED_COLUMN,
        "y": Attribute("columns", is_required=True),
        "series": COLUMN,
        "title": TEXT,
        "subtitle": TEXT,
        "yFmt": FMT,
        "xFmt": FMT,
        "yMin": NUMBER,
        "yMax": NUMBER,
        "yAxisTitle": TEXT,
        "emptyMessage": TEXT,
        "emptySet": Attribute("text", among=("warn", "pass")),
        "chartAreaHeight": NUMBER,
        # Not of Evidence, which takes no notice of them.
        "link": COLUMN,
        "agg": AGG,
    }
)
CHILDREN = ("ReferenceLine", "ReferenceArea")
