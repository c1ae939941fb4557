"""What a page's queries give, for every choice that its inputs leave.

A browser that opens a file has no database. So a query that refers to choices is run once for each
of them, and what is compared by `like`, or lies within a range of dates, is cut out of rows by the
page's script: the query has to give the columns that it compares. Equal results are kept once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import product
from math import isfinite
from typing import Any

import duckdb

from reports.evidence.markup import (
    EXPRESSION,
    Component,
    Page,
    PageError,
    Query,
    Ref,
    Text,
    nearest,
)

# More choices than that make a page that nobody waits for.
MOST_RUNS = 600
EVER = ("0001-01-01", "9999-12-31")
# The choice that a `like` leaves everything of.
ANY = "%"

_INPUT = re.compile(r"\$\{inputs\.(\w+)(?:\.(\w+))?\}")
_RANGE = re.compile(
    r"(\w+)\s+between\s+'?\$\{inputs\.(\w+)\.start\}'?\s+and\s+'?\$\{inputs\.\2\.end\}'?", re.I
)
_LIKE = r"(?:\w+\.)?(\w+)\s+like\s+'\$\{inputs\.(\w+)\.value\}'"
_ONE_LIKE = re.compile(_LIKE, re.I)
# Alone, or several in brackets, of which one has to hold.
_LIKES = re.compile(rf"\(\s*{_LIKE}(?:\s+or\s+{_LIKE})+\s*\)|{_LIKE}", re.I)
_QUERY = re.compile(r"\$\{(\w+)\}")


SELECT = duckdb.StatementType.SELECT


@dataclass(frozen=True)
class Choice:
    """A Dropdown: (value, label) of its options, the default first chosen."""

    name: str
    options: Sequence[tuple[str, str]]
    default: str


@dataclass(frozen=True)
class Range:
    """A DateRange, from its first to its last day, and the preset that it begins with."""

    name: str
    first: str
    last: str
    preset: str


@dataclass(frozen=True)
class Table:
    """Columns of one result, the values as they go into the page."""

    columns: Mapping[str, Sequence[Any]]

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()), ()))


@dataclass
class Result:
    """A query's tables by what is chosen of `choices`, in their order; `range`: the (input, column)
    by which rows are cut; `cuts`: by which choice they are cut, and the columns of which one has to
    have its value.
    """

    query: Query
    choices: Sequence[str]
    range: tuple[str, str] | None
    cuts: Sequence[tuple[str, Sequence[str]]] = ()
    tables: dict[tuple[str, ...], Table] = field(default_factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        return list(next(iter(self.tables.values())).columns)

    @property
    def depends(self) -> bool:
        """Whether it has other rows for other inputs."""
        return bool(self.choices or self.range or self.cuts)

    @property
    def first(self) -> Table:
        """The table of a query that nothing is chosen for."""
        return next(iter(self.tables.values()))


@dataclass(frozen=True)
class Data:
    """All inputs and results of a page."""

    choices: Mapping[str, Choice]
    ranges: Mapping[str, Range]
    results: Mapping[str, Result]


def gather(page: Page, connection: duckdb.DuckDBPyConnection, inputs: Sequence[Component]) -> Data:
    """Runs the queries of a page. Raises PageError where one fails or refers to nothing."""
    choices: dict[str, Choice] = {}
    ranges: dict[str, Range] = {}
    results: dict[str, Result] = {}
    waiting = {str(each.attributes.get("name")): each for each in inputs}

    def result(name: str, line: int, asked: tuple[str, ...] = ()) -> Result:
        if name not in results:
            if name not in page.queries:
                raise page.error(
                    line, f"there is no query {name!r}.{nearest(name, [*page.queries])}"
                )
            if name in asked:
                raise page.error(line, f"query {name!r} refers to itself.")
            results[name] = _run(page, connection, name, (*asked, name), result, declared)
        return results[name]

    def declared(name: str, line: int) -> Choice | Range:
        if name in choices or name in ranges:
            return choices.get(name) or ranges[name]
        if name not in waiting:
            raise page.error(line, f"there is no input {name!r}.{nearest(name, [*waiting])}")
        each = waiting[name]
        given = each.attributes.get("data")
        found = result(given.name, each.line) if isinstance(given, Ref) else None
        if found is not None and found.depends:
            raise page.error(each.line, f"the options of {name!r} depend on another input.")
        if each.name == "DateRange":
            ranges[name] = _range(page, each, found)
            return ranges[name]
        choices[name] = _choice(page, each, found)
        return choices[name]

    for name, each in waiting.items():
        declared(name, each.line)
    # What only other queries refer to need not be in the page.
    for name, line in used_in(page.nodes):
        result(name, line)
    return Data(choices, ranges, results)


def _run(
    page: Page,
    connection: duckdb.DuckDBPyConnection,
    name: str,
    asked: tuple[str, ...],
    result: Any,
    declared: Any,
) -> Result:
    query = page.queries[name]
    sql = _whole(page, query, asked, result)
    span: tuple[str, str] | None = None
    for column, named in _RANGE.findall(sql):
        if span is not None and span != (named, column):
            raise page.error(query.line, f"query {name!r} is cut by two ranges of dates.")
        span = (named, column)
        declared(named, query.line)
    sql = _RANGE.sub(rf"\1 between '{EVER[0]}' and '{EVER[1]}'", sql)
    cuts = list(_cuts(page, query, sql))
    for chosen, _ in cuts:
        declared(chosen, query.line)
    sql = _LIKES.sub("1 = 1", sql)
    named = list(dict.fromkeys(found[0] for found in _INPUT.findall(sql)))
    options = []
    for each in named:
        choice = declared(each, query.line)
        if not isinstance(choice, Choice):
            raise page.error(
                query.line,
                f"a range of dates is read as: column between '${{inputs.{each}.start}}' and"
                f" '${{inputs.{each}.end}}'.",
            )
        options.append([value for value, _ in choice.options])
    keys = list(product(*options))
    if len(keys) > MOST_RUNS:
        raise page.error(
            query.line, f"query {name!r} has {len(keys)} answers; {MOST_RUNS} at most."
        )
    found = Result(query, named, span, cuts)
    for key in keys:
        text = _INPUT.sub(partial(_chosen, dict(zip(named, key, strict=True))), sql)
        try:
            # A page asks and changes nothing: what it did would be there for the next page.
            if [each.type for each in duckdb.extract_statements(text)] != [SELECT]:
                raise page.error(query.line, f"query {name!r} has to be one SELECT.")
            cursor = connection.execute(text)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise page.error(query.line, f"query {name!r} fails: {said}") from None
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
        found.tables[key] = Table(
            {column: [_plain(row[at]) for row in rows] for at, column in enumerate(names)}
        )
    needed = [*([span[1]] if span else []), *(column for _, columns in cuts for column in columns)]
    for column in needed:
        if column not in found.columns:
            raise page.error(
                query.line, f"query {name!r} has to give {column!r}, a column that it is cut by."
            )
    return found


def _cuts(page: Page, query: Query, sql: str) -> Iterator[tuple[str, Sequence[str]]]:
    for found in _LIKES.finditer(sql):
        parts = _ONE_LIKE.findall(found[0])
        named = {each for _, each in parts}
        if len(named) > 1:
            raise page.error(
                query.line, f"query {query.name!r}: {found[0]} compares different inputs."
            )
        yield named.pop(), [column for column, _ in parts]


def _whole(page: Page, query: Query, asked: tuple[str, ...], result: Any) -> str:
    """The SQL with the queries that it refers to in their place."""

    def inner(found: re.Match[str]) -> str:
        name = found[1]
        if name in asked:
            raise page.error(query.line, f"query {name!r} refers to itself.")
        if name not in page.queries:
            raise page.error(
                query.line, f"there is no query {name!r}.{nearest(name, [*page.queries])}"
            )
        return f"({_whole(page, page.queries[name], (*asked, name), result)})"

    return _QUERY.sub(inner, query.sql)


def _choice(page: Page, each: Component, found: Result | None) -> Choice:
    options = [
        (
            str(child.attributes["value"]),
            str(child.attributes.get("valueLabel", child.attributes["value"])),
        )
        for child in each.children
        if isinstance(child, Component)
    ]
    if found is not None:
        table = found.first.columns
        value = str(each.attributes.get("value") or "")
        label = str(each.attributes.get("label") or value)
        for column in (value, label):
            if column not in table:
                raise page.error(
                    each.line, f"its query has no column {column!r}.{nearest(column, [*table])}"
                )
        told = zip(table[value], table[label], strict=True)
        options += [(str(one), str(other)) for one, other in told if one is not None]
    if not options:
        # A shop that is new has nothing to choose from yet.
        options = [("", "nothing yet")]
    default = str(each.attributes.get("defaultValue") or options[0][0])
    if default not in {value for value, _ in options}:
        default = options[0][0]
    return Choice(str(each.attributes["name"]), list(dict.fromkeys(options)), default)


def _range(page: Page, each: Component, found: Result | None) -> Range:
    column = str(each.attributes.get("dates") or "")
    table = found.first.columns if found else {}
    if column not in table:
        raise page.error(
            each.line, f"its query has no column {column!r}.{nearest(column, [*table])}"
        )
    days = sorted(str(day)[:10] for day in table[column] if day is not None)
    preset = str(each.attributes.get("defaultValue") or "All Time")
    return Range(
        str(each.attributes["name"]), days[0] if days else "", days[-1] if days else "", preset
    )


def _chosen(values: Mapping[str, str], found: re.Match[str]) -> str:
    """The value that is chosen, within the quotes that the page has put around it."""
    return values[found[1]].replace("'", "''")


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        if not isfinite(value):
            return None
        short = float(f"{value:.7g}")
        # As JSON has it there is one kind of number: equal columns are the same then.
        return int(short) if short.is_integer() else short
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return value


def used_in(nodes: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Queries that something is shown of, with the line that says so."""
    for node in nodes:
        if isinstance(node, Component):
            data = node.attributes.get("data")
            if isinstance(data, Ref):
                yield data.name, node.line
        elif isinstance(node, Text):
            yield from ((found[1], node.line) for found in EXPRESSION.finditer(node.text))
        else:
            yield node.query, node.line
        for part in ("children", "then", "other"):
            yield from used_in(getattr(node, part, ()))


def inputs_of(nodes: Sequence[Any]) -> Iterator[Component]:
    """Dropdowns and DateRanges, wherever they stand."""
    for node in nodes:
        if isinstance(node, Component) and node.name in ("Dropdown", "DateRange"):
            yield node
        for part in ("children", "then", "other"):
            yield from inputs_of(getattr(node, part, ()))


__all__ = ["Choice", "Data", "PageError", "Range", "Result", "Table", "gather", "inputs_of"]
