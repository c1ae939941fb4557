"""Numbers as people read them.

One place turns a figure into text, so that the page, the mail and the workbook cannot disagree.
Every function is pure and takes raw values: ratios 0–1, durations in seconds, money in the
account's currency. Unknown is a dash, never 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

Kind = Literal[
    "share", "per_order", "score", "points", "count",
    "seconds", "hours", "days", "currency", "times", "fte", "balance", "rho", "plain",
]  # fmt: skip

UNKNOWN = "—"
LONGEST = 500  # characters of a text of others
MINUS = "\u2212"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
# Currencies without a minor unit: ISO 4217, https://www.iso.org/iso-4217-currency-codes.html
WHOLE_CURRENCIES = frozenset({"JPY", "KRW", "CLP", "ISK", "VND"})

# Shares of a whole read best as percent; these ratios can pass 1 or live far below it.
_PER_ORDER = frozenset({("tickets_per_order", "ratio"), ("tickets_per_order", "ratio_28d")})
_KINDS: dict[str, Kind] = {
    "ratio": "share", "share": "share", "1–5": "score", "points": "points", "count": "count",
    "seconds": "seconds", "s": "seconds", "hours": "hours", "days": "days",
    "currency": "currency", "cur": "currency", "times": "times", "FTE": "fte",
    "−100..100": "balance", "ρ": "rho",
}  # fmt: skip
# Figures whose change reads in their own unit: decimals of the change, and how many of it make one.
_ABSOLUTE: dict[Kind, tuple[int, float, str]] = {
    "share": (1, 100.0, " points"),
    "score": (2, 1.0, ""),
    "points": (2, 1.0, ""),
    "per_order": (3, 1.0, ""),
    "times": (2, 1.0, ""),
    "fte": (1, 1.0, " FTE"),
    "balance": (1, 1.0, ""),
    "rho": (2, 1.0, ""),
}
# Control and bidirectional marks can reorder or hide what a reader sees; no figure needs them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)


@dataclass(frozen=True)
class Change:
    """How a figure moved: `text` such as "+2.1 points", `verdict` better, worse or empty."""

    text: str
    verdict: str = ""


def kind_of(kpi: str, stat: str, unit: str) -> Kind:
    """How a stat reads, from the catalogue's unit ("ratio", "seconds", "1–5" …)."""
    if (kpi, stat) in _PER_ORDER:
        return "per_order"
    return _KINDS.get(unit.strip(), "plain")


def plain(text: str | None) -> str:
    """Text of others without control and direction marks; white space runs become one space, and
    what nobody would read to its end is cut.
    """
    words = " ".join(_INVISIBLE.sub("", text or "").split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rstrip()} …"


def number(value: float, decimals: int = 0) -> str:
    """1234.5, 1 → "1,234.5"; a true minus sign, and no minus before a zero."""
    text = f"{abs(value):,.{decimals}f}"
    is_negative = value < 0 and any(digit in text for digit in "123456789")
    return f"{MINUS}{text}" if is_negative else text


def figure(value: float | None, kind: Kind, currency: str = "") -> str:
    """A value in its unit: 0.581 → "58.1 %", 15120 s → "4 h 12 min", None → "—"."""
    if value is None:
        return UNKNOWN
    if kind == "share":
        return f"{number(value * 100, 1)} %"
    if kind == "seconds":
        return duration(value)
    if kind == "currency":
        return money(value, currency)
    if kind == "points":
        return signed(value, 2)
    if kind == "times":
        return f"{number(value, 2)}×"
    if kind == "fte":
        return f"{signed(value, 1)} FTE"
    if kind in ("score", "per_order", "rho", "balance"):
        return number(value, {"per_order": 3, "balance": 1}.get(kind, 2))
    text = number(value, 0 if float(value).is_integer() or abs(value) >= 1000 else 1)
    return f"{text} {'h' if kind == 'hours' else kind}" if kind in ("hours", "days") else text


def threshold(value: float, kind: Kind, currency: str = "") -> str:
    """A target as `figure`, without the sign that a difference carries."""
    if kind == "fte":
        return f"{number(value, 1)} FTE"
    return number(value, 2) if kind == "points" else figure(value, kind, currency)


def signed(value: float, decimals: int) -> str:
    """+0.06, −0.06 and plain 0.00."""
    text = number(value, decimals)
    has_sign = text.startswith(MINUS) or not any(digit in text for digit in "123456789")
    return text if has_sign else f"+{text}"


def duration(seconds: float) -> str:
    """9 → "9 s", 95 → "1 min 35 s", 15120 → "4 h 12 min", 183600 → "2 d 3 h"."""
    sign, length = (MINUS if seconds < 0 else ""), abs(seconds)
    if length < 9.95 and round(length, 1) % 1:
        return f"{sign}{length:.1f} s"
    if round(length) < 60:
        return f"{sign if round(length) else ''}{round(length)} s"
    if round(length) < 600:
        return sign + _two(round(length), 60, "min", "s")
    if round(length / 60) < 48 * 60:
        minutes = round(length / 60)
        return sign + (f"{minutes} min" if minutes < 60 else _two(minutes, 60, "h", "min"))
    return sign + _two(round(length / 3600), 24, "d", "h")


def _two(total: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(total, size)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def money(value: float, currency: str) -> str:
    """0.62 USD → "$0.62"; from a thousand on without the minor unit."""
    decimals = 0 if currency in WHOLE_CURRENCIES or abs(value) >= 1000 else 2
    text = number(value, decimals)
    symbol = SYMBOLS.get(currency, f"{currency} " if currency else "")
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else f"{symbol}{text}"


def change(
    value: float, previous: float, kind: Kind, direction: str, *, is_judged: bool = True
) -> Change:
    """The move from `previous` to `value`: points for shares, the unit for scores, else percent.

    `direction` is the catalogue's (up, down, in-band, context); a context figure is never judged.
    """
    if kind in _ABSOLUTE:
        decimals, factor, unit = _ABSOLUTE[kind]
        text = signed((value - previous) * factor, decimals) + unit
    elif previous <= 0:
        text = signed(0, 0) if value == previous else f"from {'below ' if previous else ''}0"
    else:
        percent = (value - previous) / abs(previous) * 100
        text = signed(percent, 1 if abs(percent) < 0.95 else 0) + " %"
    if kind == "fte":  # too many is no better than too few
        direction = "in-band"
    if not text.startswith(("+", MINUS, "from")):
        return Change("no change")
    return Change(text, _verdict(value, previous, direction) if is_judged else "")


def gap(value: float, other: float, kind: Kind, currency: str = "") -> str:
    """How far `value` lies from `other`, in the figure's own unit: "+0.08", "−8 h 29 min"."""
    if kind in _ABSOLUTE:
        return change(value, other, kind, "context").text
    text = figure(value - other, kind, currency)
    return text if value <= other else f"+{text}"


def _verdict(value: float, previous: float, direction: str) -> str:
    if direction == "in-band":
        gain = abs(previous) - abs(value)
    else:
        gain = (value - previous) * {"up": 1, "down": -1}.get(direction, 0)
    return "" if gain == 0 else "better" if gain > 0 else "worse"


def day(moment: date, *, year: bool = True) -> str:
    """16 November 2026."""
    text = f"{moment.day} {MONTHS[moment.month - 1]}"
    return f"{text} {moment.year}" if year else text


def span(start: date, end: date) -> str:
    """The days from `start` to before `end`: "16 to 22 November 2026"."""
    last = end - timedelta(days=1)
    if start == last:
        return day(last)
    if (start.year, start.month) == (last.year, last.month):
        return f"{start.day} to {day(last)}"
    return f"{day(start, year=start.year != last.year)} to {day(last)}"


def moment(local: datetime) -> str:
    """22 November 2026, 23:59 (a local wall time)."""
    return f"{day(local.date())}, {local:%H:%M}"
