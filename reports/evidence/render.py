"""A page and what its queries give → one HTML file, which opens from a disk and asks nobody.

The page's own words become HTML here. What comes of data is drawn by the page's script, from data
that stand in the page: it sets text and never markup, so that what people typed stays text.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from reports.evidence.components import COMPONENTS, Attribute, Spec
from reports.evidence.data import Data, Result
from reports.evidence.markup import (
    EXPRESSION,
    Component,
    Condition,
    Each,
    Node,
    Page,
    Ref,
    Text,
    nearest,
)
from reports.formats import SYMBOLS, Kind
from reports.render.environment import environment

ASSETS = Path(__file__).with_name("assets")
ECHARTS = "echarts.common.min.js"
# Of Apache ECharts 6.1.0, as its package on the npm registry has it.
ECHARTS_SHA256 = "61f13280aba3161f77fc801bf5f9c786f55f10432153a0683fc5cc0700b013d5"
# Formats of Evidence, and how figures read here (`reports.formats.Kind`).
FORMATS = re.compile(
    r"(num|pct|usd|eur|gbp)[0-4]?|dur|id|date|month|longdate|mmm d|yyyy-mm-dd|d mmmm|"
    + "|".join(get_args(Kind))
)
# How often each text of a column stands in it, at least, for its texts to be there once.
CODED_FROM = 3
# In one script, in this order: what the later ones use comes first.
SCRIPTS = ("figures.js", "state.js", "tables.js", "charts.js", "page.js")
# Stands where a component does while Markdown is made HTML of; no page has such signs.
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000(\\d+)\ue001")
_ALONE = re.compile("<p>((?:\\s*\ue000\\d+\ue001)+)\\s*</p>")


@dataclass(frozen=True)
class Frame:
    """What all pages of a site share: (title, address) of each, and what stands above and below."""

    links: Sequence[tuple[str, str]]
    account: str
    data_as_of: str
    currency: str = ""
    late: Sequence[str] = ()


@dataclass
class _Drawing:
    """One page on its way to HTML: `drawn` are the components that the script draws."""

    page: Page
    data: Data
    drawn: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    def html(self, nodes: Sequence[Node], row: Mapping[str, Any] | None = None) -> str:
        """Markdown with the components in their place."""
        text = ""
        for node in nodes:
            if isinstance(node, Text):
                text += self._filled(node, row)
            else:
                self.blocks.append(self._block(node, row))
                text += _MARK.format(len(self.blocks) - 1)
        made = str(_markdown().render(text))
        made = _ALONE.sub(lambda found: found[1], made)
        return _MARKS.sub(lambda found: self.blocks[int(found[1])], made)

    def _filled(self, node: Text, row: Mapping[str, Any] | None) -> str:
        """`{row.column}` within an each, and `{query[0].column}`."""
        text = node.text
        for name, value in (row or {}).items():
            text = text.replace(f"{{{name}}}", _escaped(value))

        def figure(found: re.Match[str]) -> str:
            asked = Component("Value", {"data": Ref(found[1]), "column": found[2]}, (), node.line)
            self.blocks.append(self._block(asked, row))
            return _MARK.format(len(self.blocks) - 1)

        return EXPRESSION.sub(figure, text)

    def _block(self, node: Node, row: Mapping[str, Any] | None) -> str:
        if isinstance(node, Condition):
            self._result(node.query, node.line)
            shown = [("then", node.then), ("else", node.other)]
            return "".join(
                f'<div data-if="{escape(node.query)}"'
                f' data-empty="{int(node.is_empty == (part == "then"))}" hidden>'
                f"{self.html(inner, row)}</div>"
                for part, inner in shown
                if inner
            )
        if isinstance(node, Each):
            result = self._result(node.query, node.line)
            if result.depends:
                raise self.page.error(node.line, "{#each} goes over a query without inputs.")
            table = result.first
            return "".join(
                self.html(
                    node.children,
                    {**(row or {}), **{f"{node.row}.{c}": v[at] for c, v in table.columns.items()}},
                )
                for at in range(table.rows)
            )
        assert isinstance(node, Component)
        return self._component(node, row)

    def _component(self, node: Component, row: Mapping[str, Any] | None) -> str:
        spec = self._spec(node)
        if not spec.is_drawn:
            return _FRAMES[node.name](self, node, row)
        told = self._told(node, spec, row)
        told["parts"] = [
            self._told(each, self._spec(each), row)
            for each in node.children
            if isinstance(each, Component)
        ]
        self.drawn.append(told)
        tag = "span" if node.name == "Value" else "div"
        return f'<{tag} class="c {node.name}" data-c="{len(self.drawn) - 1}"></{tag}>'

    def _spec(self, node: Component) -> Spec:
        if node.name not in COMPONENTS:
            said = f"there is no component <{node.name}>.{nearest(node.name, [*COMPONENTS])}"
            raise self.page.error(node.line, said)
        spec = COMPONENTS[node.name]
        if spec.holds is not None:
            for child in node.children:
                name = child.name if isinstance(child, Component) else "text"
                if name not in spec.holds:
                    held = ", ".join(f"<{each}>" for each in spec.holds) or "nothing"
                    raise self.page.error(node.line, f"<{node.name}> holds {held}, not {name}.")
        return spec

    def _told(self, node: Component, spec: Spec, row: Mapping[str, Any] | None) -> dict[str, Any]:
        """The attributes as the script reads them."""
        told: dict[str, Any] = {"is": node.name}
        for name, value in node.attributes.items():
            if name not in spec.attributes:
                said = f"<{node.name}> has no {name!r}.{nearest(name, [*spec.attributes])}"
                raise self.page.error(node.line, said)
            if isinstance(value, Ref) and row and value.name in row:
                value = row[value.name]
            told[name] = self._attribute(node, name, spec.attributes[name], value)
        for name, attribute in spec.attributes.items():
            if attribute.is_required and name not in node.attributes:
                raise self.page.error(node.line, f"<{node.name}> needs {name}.")
        self._check_columns(node, spec, told)
        return told

    def _attribute(self, node: Component, name: str, attribute: Attribute, value: Any) -> Any:
        error = self.page.error
        if attribute.kind == "query":
            if not isinstance(value, Ref):
                raise error(node.line, f"<{node.name}> {name} is a query: {name}={{query}}.")
            return self._result(value.name, node.line) and value.name
        if isinstance(value, Ref):
            raise error(node.line, f"<{node.name}> {name} is no query: write it without braces.")
        if attribute.kind == "columns":
            return [str(each) for each in value] if isinstance(value, list) else [str(value)]
        if attribute.kind == "number":
            try:
                return float(value)
            except ValueError:
                raise error(node.line, f"<{node.name}> {name} is a number.") from None
        if attribute.kind == "flag":
            if not isinstance(value, bool):
                raise error(node.line, f"<{node.name}> {name} is true or false.")
            return value
        is_told = name == "yFmt" and str(value) in self._columns_of(node)
        if attribute.kind == "fmt" and not is_told and not FORMATS.fullmatch(str(value)):
            raise error(
                node.line,
                f"<{node.name}> {name}: the format {value!r} is none of num0, pct1, usd2, dur,"
                " date, month and their like.",
            )
        if attribute.among and value not in attribute.among:
            said = f"<{node.name}> {name} is one of {', '.join(attribute.among)}."
            raise error(node.line, said)
        return value

    def _check_columns(self, node: Component, spec: Spec, told: Mapping[str, Any]) -> None:
        if "data" not in told:
            return
        known = self._result(told["data"], node.line).columns
        named = [
            column
            for name, attribute in spec.attributes.items()
            if attribute.kind in ("column", "columns") and name in told
            for column in (told[name] if attribute.kind == "columns" else [told[name]])
        ]
        named += [
            str(child.attributes[name])
            for child in node.children
            if isinstance(child, Component) and child.name == "Column"
            for name in ("id", "fmtColumn")
            if name in child.attributes
        ]
        if node.name == "DataTable" and "sort" in told:
            named.append(str(told["sort"]).removesuffix(" desc"))
        for column in named:
            if column not in known:
                said = f"query {told['data']!r} has no column {column!r}.{nearest(column, known)}"
                raise self.page.error(node.line, said)

    def _columns_of(self, node: Component) -> Sequence[str]:
        data = node.attributes.get("data")
        return self._result(data.name, node.line).columns if isinstance(data, Ref) else ()

    def _result(self, name: str, line: int) -> Result:
        if name not in self.data.results:
            known = nearest(name, [*self.data.results])
            raise self.page.error(line, f"there is no query {name!r}.{known}")
        return self.data.results[name]


def render(page: Page, data: Data, frame: Frame) -> str:
    """The HTML of a page; the same page and data give the same text. Raises PageError."""
    drawing = _Drawing(page, data)
    body = drawing.html(page.nodes)
    needs_charts = any(each["is"].endswith("Chart") for each in drawing.drawn)
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    library = _echarts() if needs_charts else None
    script = _script()
    return (
        environment(ASSETS)
        .get_template("page.html.j2")
        .render(
            page=page,
            frame=frame,
            body=Markup(body),
            payload=Markup(
                _payload(drawing, data, SYMBOLS.get(frame.currency, f"{frame.currency} "))
            ),
            style=Markup(style),
            script=Markup(script),
            library=_packed_echarts() if needs_charts else None,
            policy=_policy([script, *([library] if library else [])]),
        )
    )


def _payload(drawing: _Drawing, data: Data, currency: str) -> str:
    """Everything that the script reads: JSON, packed, since a page of a file is loaded whole. Equal
    columns are there once.
    """
    places: dict[str, int] = {}

    def place(values: Sequence[Any]) -> int:
        return places.setdefault(_json(_coded(values)), len(places))

    queries = {
        name: {
            "choices": list(result.choices),
            "range": result.range,
            "cuts": result.cuts,
            "by": {
                "\x1f".join(key): {
                    column: place(values) for column, values in table.columns.items()
                }
                for key, table in result.tables.items()
            },
        }
        for name, result in data.results.items()
    }
    told = {
        "name": drawing.page.name,
        "currency": currency,
        "components": drawing.drawn,
        "queries": queries,
        "choices": [vars(each) for each in data.choices.values()],
        "ranges": [vars(each) for each in data.ranges.values()],
    }
    # Each column is text already.
    return _packed(f'{_json(told)[:-1]},"columns":[{",".join(places)}]}}')


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _coded(values: Sequence[Any]) -> Any:
    """A column of texts that repeat: each text once, and which of them it is in each row."""
    words = dict.fromkeys(values) if any(isinstance(value, str) for value in values) else {}
    if not words or len(words) > len(values) / CODED_FROM:
        return values
    codes = {word: at for at, word in enumerate(words)}
    return {"words": list(words), "codes": [codes[value] for value in values]}


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode("ascii")


def _policy(scripts: Sequence[str]) -> str:
    """Only these scripts run, and nothing is fetched. ECharts sets styles of its own elements."""
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()}'"
        for each in scripts
    )
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


@cache
def _markdown() -> MarkdownIt:
    # HTML of a page is text: what a page needs is a component.
    return MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def _echarts() -> str:
    text = (ASSETS / ECHARTS).read_text(encoding="utf-8")
    if hashlib.sha256(text.encode()).hexdigest() != ECHARTS_SHA256:
        raise ValueError(f"{ASSETS / ECHARTS} is not the file that was checked; restore it.")
    return text


@cache
def _packed_echarts() -> str:
    """A third of its size; the page's script unpacks it and puts it in place."""
    return _packed(_echarts())


@cache
def _script() -> str:
    parts = "".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f'"use strict";\n(async () => {{\n{parts}}})();\n'


def _escaped(value: Any) -> str:
    """A value as Markdown that says just that."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>&~])", r"\\\1", "" if value is None else str(value))


def _alert(drawing: _Drawing, node: Component, row: Mapping[str, Any] | None) -> str:
    status = escape(str(node.attributes.get("status", "info")))
    return f'<div class="note {status}" role="note">{drawing.html(node.children, row)}</div>'


def _details(drawing: _Drawing, node: Component, row: Mapping[str, Any] | None) -> str:
    title = escape(str(node.attributes.get("title", "Details")))
    is_open = " open" if node.attributes.get("open") is True else ""
    inner = drawing.html(node.children, row)
    return f"<details{is_open}><summary>{title}</summary>{inner}</details>"


def _grid(drawing: _Drawing, node: Component, row: Mapping[str, Any] | None) -> str:
    columns = int(float(node.attributes.get("cols", 2)))
    inner = drawing.html(node.children, row)
    return f'<div class="grid cols-{min(max(columns, 1), 6)}">{inner}</div>'


def _group(drawing: _Drawing, node: Component, row: Mapping[str, Any] | None) -> str:
    return f"<div>{drawing.html(node.children, row)}</div>"


def _tabs(drawing: _Drawing, node: Component, row: Mapping[str, Any] | None) -> str:
    tabs = [each for each in node.children if isinstance(each, Component)]
    labels = "".join(
        f'<button role="tab" type="button">{escape(str(each.attributes.get("label", "")))}</button>'
        for each in tabs
    )
    panels = "".join(
        f'<div role="tabpanel">{drawing.html(each.children, row)}</div>' for each in tabs
    )
    return f'<div class="tabs"><div role="tablist">{labels}</div>{panels}</div>'


_FRAMES = {
    "Alert": _alert, "Details": _details, "Grid": _grid, "Group": _group, "Tabs": _tabs,
}  # fmt: skip
