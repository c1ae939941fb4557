"""Pages in the Markdown of classic Evidence → a tree: text, queries, components, conditions.

Text stays Markdown; only what Evidence adds to it is read here. What it cannot be is an error with
the page, the line and the nearest thing that it can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

_FRONT = re.compile(r"\A---\n(.*?\n)?---\n", re.S)
_FENCE = re.compile(r"^```sql[ \t]+(\w+)[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)
_ANY_FENCE = re.compile(r"^```.*?^```[ \t]*$", re.M | re.S)
_OPEN = re.compile(r"<([A-Z]\w*)")
_CLOSE = re.compile(r"</([A-Z]\w*)\s*>")
_LOGIC = re.compile(r"\{([#:/])(if|each|else)\b([^}]*)\}")
_NAME = re.compile(r"\s*([A-Za-z_][\w-]*)")
# `{query[0].column}` in a sentence.
EXPRESSION = re.compile(r"\{(\w+)\[0\]\.(\w+)\}")
_EACH = re.compile(r"\s*(\w+)\s+as\s+(\w+)\s*$")


class PageError(Exception):
    """A page that cannot be shown; the message names the page, the line and the cure."""


@dataclass(frozen=True)
class Ref:
    """`{name}`: a query by name, or a value of an `{#each}`: `{row.column}`."""

    name: str


@dataclass(frozen=True)
class Text:
    """Markdown as it is written."""

    text: str
    line: int


@dataclass(frozen=True)
class Component:
    """`<Name a=1 b={query}>…</Name>`."""

    name: str
    attributes: Mapping[str, Any]
    children: Sequence[Node]
    line: int


@dataclass(frozen=True)
class Condition:
    """`{#if query.length > 0}…{:else}…{/if}`: whether a query has rows."""

    query: str
    is_empty: bool
    then: Sequence[Node]
    other: Sequence[Node]
    line: int


@dataclass(frozen=True)
class Each:
    """`{#each query as row}…{/each}`: once for each row."""

    query: str
    row: str
    children: Sequence[Node]
    line: int


Node = Text | Component | Condition | Each


@dataclass(frozen=True)
class Query:
    """A fence ```sql name."""

    name: str
    sql: str
    line: int


@dataclass(frozen=True)
class Page:
    """One file: `name` as in its address, what its front matter says, queries in their order."""

    path: Path
    name: str
    front: Mapping[str, Any]
    queries: Mapping[str, Query]
    nodes: Sequence[Node]

    @property
    def title(self) -> str:
        return str(self.front.get("title") or self.name.replace("-", " ").capitalize())

    def error(self, line: int, said: str) -> PageError:
        return PageError(f"{self.path}:{line}: {said}")


def nearest(name: str, known: Sequence[str]) -> str:
    """ " Did you mean 'x'?", or what there is."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else f" There are {', '.join(sorted(known))}."


def read_page(path: Path) -> Page:
    """Raises PageError."""
    return parse(path.read_text(encoding="utf-8"), path)


def parse(text: str, path: Path) -> Page:
    """A page of its text. Raises PageError."""
    front: dict[str, Any] = {}
    begin = 0
    if found := _FRONT.match(text):
        try:
            front = yaml.safe_load(found[1] or "") or {}
        except yaml.YAMLError as error:
            raise PageError(f"{path}:1: its front matter is no YAML: {error}") from None
        begin = found.end()
    queries: dict[str, Query] = {}
    for fence in _FENCE.finditer(text, begin):
        line = text.count("\n", 0, fence.start()) + 1
        if fence[1] in queries:
            raise PageError(f"{path}:{line}: a second query is called {fence[1]!r}. Rename it.")
        queries[fence[1]] = Query(fence[1], fence[2].strip(), line)
    body = _FENCE.sub(lambda each: "\n" * each[0].count("\n"), text)
    body = re.sub(r"[^\n]", "", body[:begin]) + body[begin:]
    reader = _Reader(body, path)
    return Page(path, path.stem, front, queries, reader.nodes())


@dataclass
class _Reader:
    """Reads a body from front to end."""

    text: str
    path: Path
    at: int = 0
    verbatim: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Other fences are text, whatever stands in them.
        self.verbatim = [each.span() for each in _ANY_FENCE.finditer(self.text)]

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def error(self, said: str, line: int | None = None) -> PageError:
        return PageError(f"{self.path}:{line or self.line}: {said}")

    def nodes(self, until: str | None = None, opened: int = 0) -> list[Node]:
        """Everything to the end, or to what closes `until`, which is left to be read."""
        found: list[Node] = []
        begin, first = self.at, self.line

        def text() -> None:
            if self.text[begin : self.at].strip():
                found.append(Text(self.text[begin : self.at], first))

        while self.at < len(self.text):
            span = next((end for start, end in self.verbatim if start <= self.at < end), None)
            if span:
                self.at = span
                continue
            if self.text.startswith("</", self.at) and (close := _CLOSE.match(self.text, self.at)):
                if close[1] != until:
                    raise self.error(f"</{close[1]}> closes nothing here.")
                text()
                return found
            if logic := _LOGIC.match(self.text, self.at):
                if logic[1] != "#":
                    if until != logic[2] and not (logic[2] == "else" and until == "if"):
                        raise self.error(f"{logic[0]} belongs to nothing here.")
                    text()
                    return found
                text()
                found.append(self._logic(logic))
            elif (opening := _OPEN.match(self.text, self.at)) and opening[1]:
                text()
                found.append(self._component(opening))
            else:
                self.at += 1
                continue
            begin, first = self.at, self.line
        if until is not None:
            raise self.error(f"{until!r} is not closed.", opened)
        text()
        return found

    def _component(self, opening: re.Match[str]) -> Component:
        name, line = opening[1], self.line
        self.at = opening.end()
        attributes: dict[str, Any] = {}
        while True:
            self._space()
            if self.text.startswith("/>", self.at):
                self.at += 2
                return Component(name, attributes, (), line)
            if self.text.startswith(">", self.at):
                self.at += 1
                break
            found = _NAME.match(self.text, self.at)
            if not found:
                raise self.error(
                    f"<{name} cannot be read from here on; it ends with > or />.", line
                )
            self.at = found.end()
            attributes[found[1]] = self._value(name) if self._takes("=") else True
        children = self.nodes(name, line)
        close = _CLOSE.match(self.text, self.at)
        self.at = close.end() if close else self.at
        return Component(name, attributes, children, line)

    def _value(self, name: str) -> Any:
        self._space()
        sign = self.text[self.at : self.at + 1]
        if sign in ('"', "'"):
            end = self.text.find(sign, self.at + 1)
            if end < 0:
                raise self.error(f"a value of <{name}> is not closed by {sign}.")
            value: Any = self.text[self.at + 1 : end]
            self.at = end + 1
            return value
        if sign == "{":
            end = self._closing("{", "}")
            inside = self.text[self.at + 1 : end].strip()
            self.at = end + 1
            return _braced(inside)
        found = re.compile(r"[^\s/>]+(?:/(?!>)[^\s/>]*)*").match(self.text, self.at)
        if not found:
            raise self.error(f"a value of <{name}> is missing.")
        self.at = found.end()
        return _literal(found[0])

    def _logic(self, opening: re.Match[str]) -> Condition | Each:
        kind, said, line = opening[2], opening[3], self.line
        self.at = opening.end()
        if kind == "each":
            named = _EACH.match(said)
            if not named:
                raise self.error("write {#each query as row}.", line)
            children = self.nodes("each", line)
            self._end()
            return Each(named[1], named[2], children, line)
        if kind != "if":
            raise self.error(f"{opening[0]} begins nothing.", line)
        query, is_empty = self._test(said, line)
        then, other = self.nodes("if", line), list[Node]()
        if self._end() == "else":
            other = self.nodes("if", line)
            self._end()
        return Condition(query, is_empty, then, other, line)

    def _test(self, said: str, line: int) -> tuple[str, bool]:
        found = re.fullmatch(r"\s*(\w+)\.length\s*(>|===|==)\s*0\s*", said)
        if not found:
            raise self.error(
                "a condition is {#if query.length > 0} or {#if query.length == 0}.", line
            )
        return found[1], found[2] != ">"

    def _end(self) -> str:
        found = _LOGIC.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[2] if found else ""

    def _closing(self, left: str, right: str) -> int:
        depth = 0
        for place in range(self.at, len(self.text)):
            depth += {left: 1, right: -1}.get(self.text[place], 0)
            if depth == 0:
                return place
        raise self.error(f"{left} is not closed by {right}.")

    def _space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def _takes(self, sign: str) -> bool:
        self._space()
        if self.text.startswith(sign, self.at):
            self.at += 1
            return True
        return False


def _braced(inside: str) -> Any:
    """`{["a", 'b']}`, `{2}`, `{true}` are values; `{name}` is a query or a row's column."""
    try:
        return json.loads(re.sub(r"'([^'\"]*)'", r'"\1"', inside))
    except json.JSONDecodeError:
        return Ref(inside)


def _literal(word: str) -> Any:
    return {"true": True, "false": False}.get(word, word)
