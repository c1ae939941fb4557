"""One cell's text or typed value → its contract's type, NULL where it is none.

The expressions read `g_<column>`, which `parsing` makes of the file's own column, and the step
before them in its layer: an expression that names another twice holds it twice, and DuckDB plans
them all. Typed columns of Parquet keep their type as far as it says the same; everything else goes
through its text, so that a value means the same in every format.
"""

from collections.abc import Callable, Mapping
from functools import partial

from ingestion.contracts import GOOD_BAD, SCALES, STATUSES, Column, Entity
from ingestion.export.mapping import Format
from ingestion.export.spelling import (
    INTEGERS,
    WALLS,
    ZONED,
    Given,
    literal,
    quoted,
    words,
)
from ingestion.export.zones import WallClock


class Caster:
    """Expressions for the columns of one entity of one source.

    Unless the clock is UTC, the connection has its `wall_to_utc` and `wall_fault`.
    """

    def __init__(self, entity: Entity, settings: Format, clock: WallClock) -> None:
        self.entity = entity
        self.settings = settings
        self.clock = clock

    def spelled(self, column: Column, given: Given) -> str | None:
        """First step, read as `s_<column>`: the text of a time as the engine spells it."""
        if column.type not in ("instant", "date") or given.type in (*WALLS, ZONED):
            return None
        is_needed = column.type == "date" or self.settings.datetime_format is None
        return f"iso_text(g_{column.name})" if is_needed else None

    def value(self, column: Column, given: Given) -> str:
        """Second step: the typed column; instants are UTC."""
        build: Mapping[str, Callable[[str, Given], str]] = {
            "instant": self._instant,
            "date": self._date,
            "boolean": lambda x, g: x if g.type == "BOOLEAN" else f"as_boolean({x})",
            "integer": self._integer,
            "decimal": partial(self._number, "DECIMAL(18,4)"),
            "double": partial(self._number, "DOUBLE"),
            "list": lambda x, _: f"as_list({x})",
            "month": lambda x, _: f"as_month({x})",
            "clock": lambda x, _: f"as_clock({x})",
            "score": lambda x, _: self._score(x),
            "text": lambda x, _: self._word(column, x),
        }
        return build[column.type](f"g_{column.name}", given)

    @staticmethod
    def bounded(column: Column) -> str | None:
        """Third step: no times of which nobody can have meant them."""
        if column.type == "instant":
            return f"plausible({quoted(column.name)})"
        return f"plausible_on({quoted(column.name)})" if column.type == "date" else None

    def wall(self, column: Column, given: Given) -> str | None:
        """The wall time of an instant that has no offset; None where no value can be one."""
        if self.clock.is_utc or column.type != "instant" or given.type == ZONED:
            return None
        x = f"g_{column.name}"
        return f"cast({x} as timestamp)" if given.type in WALLS else self._times(x)[1]

    @staticmethod
    def keeps_type(column: Column, kind: str) -> bool:
        """Whether a column of this DuckDB type needs no detour through text."""
        if column.type in ("instant", "date"):
            return kind in (*WALLS, ZONED)
        if column.type in ("decimal", "double"):
            # 12345.67 as FLOAT is 12345.669921875; its text is what was meant.
            return kind in ("DOUBLE", *INTEGERS) or kind.startswith("DECIMAL")
        if column.type == "integer":
            return kind in INTEGERS
        return column.type == "boolean" and kind == "BOOLEAN"

    def _word(self, column: Column, x: str) -> str:
        if column.allowed:
            return f"case when lower({x}) in ({words(column.allowed)}) then lower({x}) end"
        if column.name == "status":
            return f"case when lower({x}) in ({words(STATUSES)}) then lower({x}) else {x} end"
        if column.name == "to_value":
            lowered = f"case when lower({x}) in ({words(STATUSES)}) then lower({x}) end"
            return f"case when lower(g_event_type) = 'status_changed' then {lowered} else {x} end"
        if self.entity.name == "schedules" and column.name == "timezone":
            return f"case when {x} in (select name from pg_timezone_names()) then {x} end"
        return x

    def _instant(self, x: str, given: Given) -> str:
        if given.type == ZONED:
            return f"at_utc({x})"
        if given.type in WALLS:
            return self._utc(f"cast({x} as timestamp)")
        offset, wall = self._times(x)
        return f"coalesce({offset}, {self._utc(wall)})"

    def _utc(self, wall: str) -> str:
        return wall if self.clock.is_utc else f"wall_to_utc({wall})"

    def _times(self, x: str) -> tuple[str, str]:
        """An instant's text as (UTC where it has an offset, wall time where it has none)."""
        chosen = self.settings.datetime_format
        if chosen is None:
            spelled = _spelled(x)
            return f"iso_offset({spelled})", f"iso_wall({spelled})"
        base = without_zone(chosen)
        zoned = words((base + "%z", base + " %z"))
        spelled = f"regexp_replace({x}, ' ?([Zz]|UTC|GMT)$', '+00:00')"
        wall = f"try_strptime({x}, {literal(base)})"
        return f"at_utc(try_strptime({spelled}, [{zoned}]))", wall

    def _date(self, x: str, given: Given) -> str:
        """A date; of an instant, the day that it is on in the source's zone."""
        if given.type == ZONED:
            return f"cast(timezone({literal(self.clock.zone)}, {x}) as date)"
        if given.type in WALLS:
            return f"cast({x} as date)"
        return self._date_text(x)

    def _date_text(self, x: str) -> str:
        """Of an instant's text, the day that it names."""
        iso = _spelled(x)
        first_ten = f"try_cast(left({iso}, 10) as date)"
        found = f"case when try_cast({iso} as timestamp) is not null then {first_ten} end"
        chosen = self.settings.datetime_format
        if chosen is None:
            return found
        base = without_zone(chosen)
        tries = [f"cast(try_strptime({x}, {literal(f)}) as date)" for f in _date_formats(base)]
        return f"coalesce({', '.join(tries + ([] if base.startswith('%Y') else [found]))})"

    def _plain_number(self, x: str) -> str:
        """Text with a point as decimal sign, grouping signs removed where they can be no other."""
        mark, group = (",", ".") if self.settings.decimal == "," else (".", ",")
        g, m = f"\\{group}", f"\\{mark}"
        some = rf"'^[+-]?\d{{1,3}}({g}\d{{3}})+({m}\d+)?$'"
        grouped = some if mark == "," else rf"'^[+-]?\d{{1,3}}({g}\d{{3}})+{m}\d+$'"
        bare = f"case when regexp_matches({x}, {grouped}) then replace({x}, '{group}', '')"
        if mark == ".":
            return f"(case when contains({x}, ',') then {bare} end else {x} end)"
        return f"replace({bare} when not contains({x}, '.') then {x} end, ',', '.')"

    def _number(self, sql_type: str, x: str, given: Given) -> str:
        source = self._plain_number(x) if given.type == "VARCHAR" else x
        number = f"try_cast({source} as {sql_type})"
        return f"case when isfinite({number}) then {number} end" if sql_type == "DOUBLE" else number

    def _integer(self, x: str, given: Given) -> str:
        if given.type != "VARCHAR":
            return f"try_cast({x} as bigint)"
        whole = f"regexp_extract({self._plain_number(x)}, '^([+-]?\\d+)(\\.0*)?$', 1)"
        return f"case when {x} is not null then try_cast(nullif({whole}, '') as bigint) end"

    def _score(self, x: str) -> str:
        scale = f"coalesce(lower(g_scale), {literal(next(iter(SCALES)))})"
        number = f"try_cast({self._plain_number(x)} as decimal(9,4))"
        ranges = " ".join(
            f"when {literal(name)} then case when {number} between {low} and {high}"
            f" then whole_text(cast({number} as double)) end"
            for name, (low, high) in SCALES.items()
        )
        good = f"case when lower({x}) in ('good', 'bad') then lower({x}) end"
        # An unknown scale is the scale's problem, which is told before the score's.
        return f"case {scale} when {literal(GOOD_BAD)} then {good} {ranges} else {x} end"


def without_zone(datetime_format: str) -> str:
    """The format up to its offset (`%z`, or a Z that stands for UTC)."""
    for end in ("%z", "%Z", "Z"):
        if datetime_format.endswith(end) and not datetime_format.endswith("%%" + end[-1]):
            return datetime_format.removesuffix(end).rstrip()
    return datetime_format


def _date_formats(base: str) -> list[str]:
    """The format, and the part of it before its first directive of the time of day."""
    cuts = [at for mark in ("%H", "%I", "%k") if (at := base.find(mark)) > 0]
    date_part = base[: min(cuts)].rstrip(" T,") if cuts else base
    return [base] if date_part == base else [date_part, base]


def _spelled(x: str) -> str:
    return f"s_{x.removeprefix('g_')}"
