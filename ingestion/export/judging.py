"""What is wrong with a row: the first column that breaks its contract, and why.

A reason says what was expected and shows what was given, because it is all that somebody who has
to mend a file sees. Reads `g_<column>` (as given) beside `<column>` (cast, NULL if that failed).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ingestion.contracts import STATUSES, Column, Entity
from ingestion.export.spelling import ABSENT, Given, literal, quoted

FUTURE_TOLERANCE = timedelta(days=1)
SHOWN_CHARACTERS = 80

_SAID: Mapping[str, str] = {
    "instant": "no instant",
    "date": "no date",
    "boolean": "neither true nor false",
    "integer": "no whole number",
    "decimal": "no number",
    "double": "no number",
    "list": "no list",
    "score": "no score of its scale",
    "month": "no month (YYYY-MM)",
    "clock": "no time of day (HH:MM)",
}
_SPANS = (("opens", "closes"), ("starts_at", "ends_at"), ("starts_on", "ends_on"))


def problem(entity: Entity, columns: Mapping[str, Given], now: datetime) -> str:
    """An expression: [column, reason], else NULL."""
    latest = (now.astimezone(UTC) + FUTURE_TOLERANCE).replace(tzinfo=None)
    cases: list[str] = []
    for column in entity.columns:
        if column.is_required:
            is_missing = f"g_{column.name} is null"
            cases.append(_case(column, is_missing, "'a required value is missing'"))
        if columns[column.name] != ABSENT:
            cases += _refusals(column, latest)
    for start, end in _SPANS:
        if end in entity.names:
            less = "<" if start == "starts_on" else "<="
            test = f"{quoted(end)} {less} {quoted(start)}"
            cases.append(_case(entity.column(end), test, _shown(end, f"not after {start}")))
    return f"case {' '.join(cases)} end" if cases else "cast(null as varchar[])"


def _refusals(column: Column, latest: datetime) -> list[str]:
    """What may be wrong with a value that is there."""
    name, value = column.name, quoted(column.name)
    is_refused = f"g_{name} is not null and {value} is null"
    cases = [_case(column, is_refused, _shown(name, _refusal(column)))]
    if column.is_event_time:
        is_late = f"{value} > timestamp '{latest.isoformat(sep=' ')}'"
        cases.append(_case(column, is_late, _shown(name, "in the future")))
    if column.minimum is not None:
        is_high = f" or {value} > {column.maximum}" if column.maximum is not None else ""
        to = f"to {column.maximum}" if column.maximum is not None else "or more"
        is_outside = f"{value} < {column.minimum}{is_high}"
        cases.append(_case(column, is_outside, _shown(name, f"not {column.minimum} {to}")))
    return cases


def _refusal(column: Column) -> str:
    if column.allowed:
        return f"none of {', '.join(column.allowed)}"
    if column.name == "to_value":
        return f"no status ({', '.join(STATUSES)}; other words through `values`)"
    if column.name == "timezone":
        return "no time zone"
    return _SAID.get(column.type, "not readable")


def _case(column: Column, test: str, reason: str) -> str:
    return f"when {test} then [{literal(column.name)}, {reason}]"


def _shown(name: str, said: str) -> str:
    return f"{literal(said + ': ')} || left(cast(g_{name} as varchar), {SHOWN_CHARACTERS})"
