"""The summary as a workbook: numbers as numbers, so that people can go on with them.

An unknown figure is an empty cell, never 0; a column beside it says why. Durations are times of the
spreadsheet's own. Text is written as text: none of it is a formula or a link, and it stays so when
somebody edits its cell.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from reports import wording
from reports.cards import HEADLINES
from reports.diagnostics import both_sides
from reports.formats import SYMBOLS, WHOLE_CURRENCIES, Kind, gap, moment, span
from reports.judging import WORDS
from reports.lines import Line
from reports.published import Figure, Kpi, Stat
from reports.scorecard import FORMULA_STARTS
from reports.summary import Summary

DAY_S = 86_400
HEADER_HEIGHT = 30  # points: two lines
_FORMATS: dict[Kind, str] = {
    "share": "0.0%", "per_order": "0.000", "score": "0.00", "points": "+0.00;−0.00;0.00",
    "count": "#,##0", "seconds": "[h]:mm:ss", "hours": "0.0", "days": "0.0", "times": '0.00"×"',
    "fte": "+0.0;−0.0;0.0", "balance": "0.0", "rho": "0.00", "plain": "#,##0",
}  # fmt: skip
_INK, _QUIET, _BLUE = "#16202e", "#5a6574", "#1f5fc4"


@dataclass(frozen=True)
class Number:
    """A cell with a figure of a kind; None leaves it empty."""

    value: float | None
    kind: Kind


class Right(str):
    """A cell with words about figures, which stand where these do."""


Cell = str | Number | None


@dataclass
class _Book:
    """A workbook in the making, and the formats that it has so far."""

    workbook: Any
    currency: str
    formats: dict[tuple[str, ...], Any] = field(default_factory=dict)

    def sheet(
        self, name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], widths: list[int]
    ) -> Any:
        """A sheet with a header that stays, a row a line; `widths` in characters, the last one's
        for the columns after it too.
        """
        sheet = self.workbook.add_worksheet(name)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, self._format("head"))
            sheet.set_column(column, column, widths[min(column, len(widths) - 1)])
        for row, cells in enumerate(rows, start=1):
            for column, cell in enumerate(cells):
                self._write(sheet, row, column, cell)
        sheet.set_row(0, HEADER_HEIGHT)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet

    def _write(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        if isinstance(cell, str):
            quoted = "quoted" if cell.startswith(FORMULA_STARTS) else ""
            name = "right" if isinstance(cell, Right) else "text"
            sheet.write_string(row, column, cell, self._format(name, quoted))
        elif cell is not None and cell.value is not None and math.isfinite(cell.value):
            value = cell.value / DAY_S if cell.kind == "seconds" else cell.value
            sheet.write_number(row, column, value, self._format("number", self._shown(cell)))

    def _shown(self, number: Number) -> str:
        value, kind = number.value or 0.0, number.kind
        if kind == "currency":
            decimals = "" if self.currency in WHOLE_CURRENCIES else ".00"
            return f'"{SYMBOLS.get(self.currency, self.currency + " ")}"#,##0{decimals}'
        if kind == "seconds" and value < 0:
            return '0.00" d"'  # a spreadsheet shows no time before zero
        if kind in ("count", "plain") and math.isfinite(value):
            return "#,##0" if float(value).is_integer() else "#,##0.0#"
        return _FORMATS[kind]

    def _format(self, name: str, shown: str = "") -> Any:
        key = (name, shown)
        if key not in self.formats:
            about: dict[str, Any] = {"valign": "top", "font_color": _INK, "font_size": 10}
            if name == "head":
                about |= {"bold": True, "bottom": 1, "text_wrap": True, "font_color": _QUIET}
            elif name == "number":
                about |= {"num_format": shown}
            else:
                about |= {"quote_prefix": shown == "quoted"}
                about |= {"align": "right"} if name == "right" else {}
            self.formats[key] = self.workbook.add_format(about)
        return self.formats[key]


def summary_xlsx(summary: Summary) -> bytes:
    """The workbook; the same summary gives the same bytes."""
    out = io.BytesIO()
    given = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, given) as workbook:
        workbook.set_properties(
            {
                "title": f"{summary.title} {summary.period.label}",
                "author": "bookbag",
                "created": summary.account.data_as_of,
            }
        )
        book = _Book(workbook, summary.account.currency)
        _headline(book, summary)
        _sides(book, summary)
        _categories(book, summary)
        _trend(book, summary)
        _definitions(book, summary)
    return out.getvalue()


def _headline(book: _Book, summary: Summary) -> None:
    grain, period, account = summary.period.grain, summary.period, summary.account
    header = [
        "Figure", "Period", f"This {grain}", f"{grain.capitalize()} before", "Change",
        "30-day baseline", "Target", "Standing", "AI", "Human", "Numerator", "Denominator", "n",
        "Owner", "Protocol", "Note",
    ]  # fmt: skip
    rows: list[Sequence[Cell]] = [_headline_row(card.line) for card in summary.cards]
    rows += [
        _headline_row(line)
        for group in summary.groups
        for line in group.lines
        if line.kpi.kpi not in HEADLINES
    ]
    rows += [
        [],
        [f"{summary.title}, {span(period.starts_on, period.ends_on)}, {account.account_id}"],
        [f"Data complete to {moment(account.data_as_of)} ({account.timezone})"],
        [wording.lede(summary)],
        *([f"Not available: {label}: {why}"] for label, why in summary.notes.unavailable),
    ]
    book.sheet(
        "Headline", header, rows, [38, 11, 11, 11, 16, 11, 11, 13, 11, 11, 11, 11, 8, 18, 50]
    )


def _headline_row(line: Line) -> list[Cell]:
    kind, figure, target = line.stat.kind, line.figure, line.target
    return [
        _name(line.kpi, line.stat),
        line.period.label,
        Number(line.value, kind),
        _of(line.previous, kind),
        Right(", ".join(filter(None, (line.change.text, line.change.verdict))))
        if line.change
        else None,
        Number(line.baseline, kind),
        Number(target.aim if target else None, kind),
        target.word + (", alert limit passed" if target.is_breach else "") if target else None,
        _of(line.ai, kind),
        _of(line.human, kind),
        Number(figure.numerator if figure else None, "plain"),
        Number(figure.denominator if figure else None, "plain"),
        Number(figure.n if figure else None, "count"),
        line.kpi.owner,
        line.kpi.protocol,
        "; ".join(_notes(line)) or None,
    ]


def _notes(line: Line) -> Iterator[str]:
    """Why there is no figure, and which of them can still change or rest on little."""
    if line.reason or line.caution:
        yield line.reason or line.caution
    for name, side in (("before", line.previous), ("AI", line.ai), ("human", line.human)):
        if side is not None and side.value is not None:
            if not side.is_mature:
                yield f"{name}: not final yet"
            elif side.is_low_sample:
                yield f"{name}: low sample, n = {side.n:,}"


def _sides(book: _Book, summary: Summary) -> None:
    header = ["Figure", "AI", "Human", "Gap", "n, AI", "n, human", "Note"]
    lines = [card.line for card in summary.cards] + both_sides(summary.groups)
    rows: list[list[Cell]] = [
        [
            _name(line.kpi, line.stat),
            _of(line.ai, line.stat.kind),
            _of(line.human, line.stat.kind),
            _gap(line, summary.account.currency),
            Number(line.ai.n if line.ai else None, "count"),
            Number(line.human.n if line.human else None, "count"),
            "; ".join(note for note in _notes(line) if note.startswith(("AI", "human"))) or None,
        ]
        for line in lines
    ]
    book.sheet("AI and human", header, rows, [38, 12, 12, 12, 12, 12, 40])


def _gap(line: Line, currency: str) -> Right | None:
    ai, human = (side.value if side else None for side in (line.ai, line.human))
    return None if ai is None or human is None else Right(gap(ai, human, line.stat.kind, currency))


def _categories(book: _Book, summary: Summary) -> None:
    kinds = {card.line.kpi.kpi: card.line for card in summary.cards}
    total = sum(each.tickets for each in summary.categories)
    header = [
        "Category", "Tickets", "Share", f"{summary.period.grain.capitalize()} before", "AI",
        "Human", *(line.kpi.short_label for line in kinds.values()),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            each.label,
            Number(each.tickets, "count"),
            Number(each.tickets / total, "share"),
            Number(each.previous, "count"),
            Number(each.ai, "count"),
            Number(each.human, "count"),
            *(_judged(each.headlines.get(kpi), line.stat.kind) for kpi, line in kinds.items()),
        ]
        for each in summary.categories
    ]
    book.sheet("Categories", header, rows, [24, 12])


def _trend(book: _Book, summary: Summary) -> None:
    periods = summary.period.trend()
    name = f"{len(periods)} {summary.period.grain}s"
    header = [
        "Figure", "Handling", "Unit", *(one.label for one in periods), "Trend", "Target",
        "Baseline", "Standing",
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for row in summary.scorecard:
        kind = row.stat.kind
        unit = summary.account.currency if kind == "currency" else row.stat.unit
        rows.append(
            [
                _name(row.kpi, row.stat),
                row.handling.replace("_", " "),
                "h:mm:ss" if kind == "seconds" else unit,
                *(Number(value, kind) for value in row.values),
                None,
                Number(row.target, kind),
                Number(row.baseline, kind),
                WORDS.get(row.status),
            ]
        )
    sheet = book.sheet(name, header, rows, [38, 14, 10, *(10 for _ in periods), 22, 11, 11, 12])
    first, column = 3, 3 + len(periods)
    for place, row in enumerate(summary.scorecard, start=1):
        if any(value is not None for value in row.values):
            cells = xlsxwriter.utility.xl_range(place, first, place, column - 1)
            sheet.add_sparkline(
                place,
                column,
                {
                    "range": f"'{name}'!{cells}",
                    "series_color": _BLUE,
                    "weight": 1.5,
                    "last_point": True,
                    "last_color": _BLUE,
                },
            )


def _definitions(book: _Book, summary: Summary) -> None:
    header = [
        "Figure", "Code", "Tier", "Unit", "Definition", "Owner", "Protocol", "Cadence",
        "Benchmark", "Source of the benchmark", "Available",
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            kpi.label, kpi.code, kpi.tier, kpi.unit, kpi.definition, kpi.owner, kpi.protocol,
            kpi.cadence, kpi.benchmark, kpi.benchmark_source,
            "yes" if kpi.available else f"no: {kpi.unavailable_reason or 'no reason is given'}",
        ]
        for kpi in summary.catalog
    ]  # fmt: skip
    book.sheet("Definitions", header, rows, [38, 8, 12, 12, 80, 18, 60, 14, 30, 20, 30])


def _name(kpi: Kpi, stat: Stat) -> str:
    words = wording.stat_words(stat.name)
    return f"{kpi.label}, {words}" if words else kpi.label


def _of(figure: Figure | None, kind: Kind) -> Number:
    return Number(figure.value if figure else None, kind)


def _judged(figure: Figure | None, kind: Kind) -> Number:
    """Of a category only what is final and rests on enough."""
    is_fit = figure is not None and figure.is_mature and not figure.is_low_sample
    return _of(figure if is_fit else None, kind)
