"""The SQL that turns given columns of any spelling into rows of a contract, or into a reason why not.

Four layers, each a select over the one before: `given` (renamed, constants, nulls, values), `parsed`
(typed, UTC), `judged` (the first column that breaks its contract, and why), `landed` (key and hash).
DuckDB runs them over whole columns; a row is never touched singly.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from ingestion.contracts import GOOD_BAD, SCALES, STATUSES, Column, Entity
from ingestion.export.folder import Format, TableMapping
from ingestion.export.reading import LINE, TEXT

JSON = "JSON"
FUTURE_TOLERANCE = timedelta(days=1)
EARLIEST, LATEST = "1900-01-01", "2300-01-01"
SHOWN_CHARACTERS = 80

SQL_TYPES: Mapping[str, str] = {
    "instant": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "double": "DOUBLE",
}
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

# `regexp_replace` costs more than the cast, so it sees only what the cast refuses.
MACROS = r"""
create or replace macro iso_spelled(x) as regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(regexp_replace(upper(x), ' ?(UTC|GMT)$', 'Z'), '(\d),(\d+)', '\1.\2'),
    ' ([+-]\d\d)', '\1'),
    '^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?', '\1-\2-\3T\4:\5:\6'),
    '^(\S+[T ]\d\d:\d\d):?(Z|[+-].*)?$', '\1:00\2');
create or replace macro iso_text(x) as
    case when try_cast(x as timestamp) is not null then x else iso_spelled(x) end;
create or replace macro has_offset(x) as length(x) > 10 and (
    ends_with(x, 'Z') or ends_with(x, 'z') or contains(substr(x, 12), '+')
    or contains(substr(x, 12), '-'));
create or replace macro at_utc(x) as make_timestamp(epoch_us(x));
create or replace macro iso_offset(x) as case
    when has_offset(x) then at_utc(try_cast(x as timestamptz)) end;
create or replace macro iso_wall(x) as case
    when not has_offset(x) then try_cast(x as timestamp) end;
create or replace macro plausible(x) as case
    when x >= timestamp '1900-01-01' and x < timestamp '2300-01-01' then x end;
create or replace macro as_boolean(x) as case lower(x)
    when 'true' then true when '1' then true when 'yes' then true when 't' then true
    when 'y' then true when 'false' then false when '0' then false when 'no' then false
    when 'f' then false when 'n' then false end;
create or replace macro whole_text(x) as case
    when x = trunc(x) and abs(x) < 1e15 then cast(cast(x as bigint) as varchar)
    else cast(x as varchar) end;
create or replace macro as_list(x) as case
    when starts_with(x, '[') then case when json_valid(x) then x end
    else cast(to_json(list_filter(list_transform(string_split(x, ';'), lambda y: trim(y)),
        lambda y: y != '')) as varchar) end;
create or replace macro as_clock(x) as case
    when regexp_full_match(x, '([01]?\d|2[0-3]):[0-5]\d(:00(\.0+)?)?|24:00(:00)?')
        then lpad(split_part(x, ':', 1), 2, '0') || ':' || split_part(x, ':', 2) end;
create or replace macro as_month(x) as case
    when regexp_full_match(x, '\d{4}-(0[1-9]|1[0-2])') then x
    when regexp_full_match(x, '\d{4}-(0[1-9]|1[0-2])-.*') and try_cast(x as date) is not null
        then left(x, 7) end;
"""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT")
_INTEGERS = (*_NUMBERS, "UINTEGER", "UBIGINT", "UHUGEINT")
_TIMESTAMPS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_FLOATS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class Given:
    """A column as the file gives it: an SQL expression and its DuckDB type."""

    sql: str
    type: str = "VARCHAR"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def json_relation(batch: str, texts: Iterable[str], others: Iterable[str]) -> str:
    """`batch` with the keys of its JSON objects as columns: `texts` as text, `others` untouched.

    A number that only looks fractional is written as the whole number it is.
    """
    columns = []
    for name in texts:
        pointer = _pointer(name)
        value = f"json_extract_string({TEXT}, {pointer})"
        columns.append(
            f"case when ends_with({value}, '.0') then case json_type({TEXT}, {pointer})"
            f" when 'DOUBLE' then {value}[:-3] else {value} end else {value} end as {quoted(name)}"
        )
    for name in others:
        pointer = _pointer(name)
        columns.append(
            f"case when json_type({TEXT}, {pointer}) != 'NULL'"
            f" then json_extract({TEXT}, {pointer}) end as {quoted(name)}"
        )
    return f"(select {', '.join([LINE, TEXT, *columns])} from {batch})"


def _pointer(name: str) -> str:
    return literal("/" + name.replace("~", "~0").replace("/", "~1"))


def text_of(given: Given) -> str:
    """The column as trimmed text, empty as NULL, whole numbers without a fraction."""
    kind = given.type
    if kind in _FLOATS:
        return f"(case when not isnan({given.sql}) then whole_text({given.sql}) end)"
    if kind.startswith("DECIMAL"):
        return f"whole_text({given.sql})"
    if kind == _ZONED:
        return f"(strftime(at_utc({given.sql}), '%Y-%m-%dT%H:%M:%S.%f') || 'Z')"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({given.sql}) as varchar)"
    text = given.sql if kind in ("VARCHAR", JSON) else f"cast({given.sql} as varchar)"
    return rf"nullif(trim({text}, E' \t\r\n'), '')"


class Parser:
    """Builds the select for one file of one entity.

    `is_utc` says that zone-less times need no conversion; else the connection has the functions
    `wall_to_utc` and `wall_fault` of the source's zone.
    """

    def __init__(
        self, entity: Entity, mapping: TableMapping, settings: Format, is_utc: bool, now: datetime
    ) -> None:
        self.entity = entity
        self.mapping = mapping
        self.settings = settings
        self.is_utc = is_utc
        latest = (now.astimezone(UTC) + FUTURE_TOLERANCE).replace(tzinfo=None)
        self.latest = f"timestamp '{latest.isoformat(sep=' ')}'"

    def their_name(self, column: str) -> str | None:
        """The file's column behind one of ours; None where a constant stands for it."""
        if column in self.mapping.constants:
            return None
        return self.mapping.columns.get(column, column)

    def provided(self, columns: Iterable[str]) -> list[str]:
        """The contract's columns that a file with these columns gives, constants included."""
        there = set(columns)
        return [name for name in self.entity.names if (self.their_name(name) or None) in there] + [
            name for name in self.entity.names if name in self.mapping.constants
        ]

    def select(self, relation: str, given: Mapping[str, Given]) -> str:
        """The landed rows of `relation`, which has `_line`, `_text` and the given expressions."""
        columns = {column.name: self._given(column, given) for column in self.entity.columns}
        self._split_events(columns)
        names = self.entity.names
        given_list = [f"{columns[name].sql} as g_{name}" for name in names]
        parsed = [f"{self._parsed(c, columns[c.name])} as {quoted(c.name)}" for c in self._all]
        faults = self._faults(columns)
        plain = ", ".join(quoted(name) for name in names)
        key = self._key()
        hashed = ", ".join(f"coalesce(cast({quoted(name)} as varchar), '')" for name in names)
        return f"""
with given as (
    select {LINE}, {TEXT}, {self._extra(given)} as _extra, {", ".join(given_list)}
    from {relation}{self._where(given)}
),
kept as (select * from given{self._left_out(columns)}),
parsed as (
    select {LINE}, {TEXT}, _extra, {", ".join(f"g_{name}" for name in names)},
        {", ".join(parsed)}
    from kept
),
judged as (
    select {plain}, {LINE}, {TEXT}, _extra, {self._problem(columns)} as _problem,
        {faults(1)} as _skipped, {faults(2)} as _repeated
    from parsed
),
hashed as (select *, md5(concat_ws(chr(31), {hashed})) as _row_hash from judged)
select {plain}, {key} as _key, _row_hash, _extra, {LINE}, _problem,
    case when _problem is not null then rtrim({TEXT}, E'\\r\\n') end as _row_text,
    _skipped, _repeated
from hashed"""

    @property
    def _all(self) -> tuple[Column, ...]:
        return self.entity.columns

    def _given(self, column: Column, given: Mapping[str, Given]) -> Given:
        name = self.their_name(column.name)
        if name is None:
            constant = self.mapping.constants[column.name]
            text = str(constant).lower() if isinstance(constant, bool) else str(constant)
            return Given(literal(text))
        if name not in given:
            return Given("cast(null as varchar)")
        source = given[name]
        text = text_of(source)
        values = self.mapping.values.get(column.name, {})
        nulls = self._nulls(column.name)
        if nulls:
            listed = ", ".join(literal(word) for word in nulls)
            text = f"(case when {text} not in ({listed}) then {text} end)"
        if values:
            cases = " ".join(f"when {literal(a)} then {literal(b)}" for a, b in values.items())
            subject = f"coalesce({text}, '')" if "" in values else text
            return Given(f"(case {subject} {cases} else {text} end)")
        if not self._keeps_type(column, source.type):
            return Given(text)
        if nulls:
            return Given(f"(case when {text} is not null then {source.sql} end)", source.type)
        if source.type in _FLOATS:
            return Given(f"(case when not isnan({source.sql}) then {source.sql} end)", source.type)
        return source

    def _nulls(self, column: str) -> tuple[str, ...]:
        nulls = self.settings.nulls
        return tuple(nulls.get(column, ())) if isinstance(nulls, Mapping) else tuple(nulls)

    @staticmethod
    def _keeps_type(column: Column, kind: str) -> bool:
        """Typed columns that need no detour through text."""
        if column.type in ("instant", "date"):
            return kind in (*_TIMESTAMPS, _ZONED, "DATE")
        if column.type in ("decimal", "double"):
            return kind in (*_FLOATS, *_INTEGERS) or kind.startswith("DECIMAL")
        if column.type == "integer":
            return kind in _INTEGERS
        return column.type == "boolean" and kind == "BOOLEAN"

    def _split_events(self, columns: dict[str, Given]) -> None:
        """A value "type:value" of event_type also sets to_value."""
        if self.entity.name != "ticket_events":
            return
        constant = self.mapping.constants.get("event_type", "")
        targets = [*self.mapping.values.get("event_type", {}).values(), str(constant)]
        split = {target for target in targets if ":" in target}
        if split:
            whole = columns["event_type"].sql
            own = text_of(columns["to_value"])
            listed = ", ".join(literal(target) for target in sorted(split))
            rest = f"substr({whole}, strpos({whole}, ':') + 1)"
            columns["to_value"] = Given(f"(case when {whole} in ({listed}) then {rest} else {own} end)")
            columns["event_type"] = Given(
                f"(case when {whole} in ({listed}) then split_part({whole}, ':', 1)"
                f" else {whole} end)"
            )

    def _where(self, given: Mapping[str, Given]) -> str:
        """Only rows whose column matches; a row without a value matches only what '' matches."""
        tests = [
            f"regexp_matches(coalesce({text_of(given[name])}, ''), {literal(pattern)})"
            for name, pattern in self.mapping.rows.items()
            if name in given
        ]
        return " where " + " and ".join(tests) if tests else ""

    def _left_out(self, columns: Mapping[str, Given]) -> str:
        tests = [
            f"g_{name} is distinct from ''"
            for name, values in self.mapping.values.items()
            if "" in values.values() and name in columns
        ]
        return " where " + " and ".join(tests) if tests else ""

    def _extra(self, given: Mapping[str, Given]) -> str:
        """The columns that the contract does not know, as a JSON object."""
        used = {self.their_name(name) for name in self.entity.names}
        others = {name: column for name, column in given.items() if name not in used}
        if not others:
            return "cast(null as varchar)"
        pairs = ", ".join(f"{literal(name)}, {_untouched(c)}" for name, c in others.items())
        if_any = ", ".join(text_of(column) for column in others.values())
        return (
            f"case when coalesce({if_any}) is not null"
            f" then cast(json_object({pairs}) as varchar) end"
        )

    def _parsed(self, column: Column, given: Given) -> str:
        build: dict[str, Callable[[str, Given], str]] = {
            "instant": self._instant,
            "date": self._date,
            "boolean": lambda x, g: x if g.type == "BOOLEAN" else f"as_boolean({x})",
            "integer": self._integer,
            "decimal": partial(self._number, "DECIMAL(18,4)"),
            "double": partial(self._number, "DOUBLE"),
            "list": lambda x, _: f"as_list({x})",
            "month": lambda x, _: f"as_month({x})",
            "clock": lambda x, _: f"as_clock({x})",
            "score": self._score,
            "text": partial(self._word, column),
        }
        return build[column.type](f"g_{column.name}", given)

    def _word(self, column: Column, x: str, _: Given) -> str:
        if column.allowed:
            listed = ", ".join(literal(word) for word in column.allowed)
            return f"case when lower({x}) in ({listed}) then lower({x}) end"
        known = ", ".join(literal(word) for word in STATUSES)
        if column.name == "status":
            return f"case when lower({x}) in ({known}) then lower({x}) else {x} end"
        if column.name == "to_value":
            lowered = f"case when lower({x}) in ({known}) then lower({x}) end"
            return f"case when lower(g_event_type) = 'status_changed' then {lowered} else {x} end"
        if self.entity.name == "schedules" and column.name == "timezone":
            return f"case when {x} in (select name from pg_timezone_names()) then {x} end"
        return x

    def _instant(self, x: str, given: Given) -> str:
        if given.type == _ZONED:
            found = f"at_utc({x})"
        elif given.type in (*_TIMESTAMPS, "DATE"):
            found = self._utc(f"cast({x} as timestamp)")
        else:
            offset, wall = self._spelled(x)
            found = f"coalesce({offset}, {self._utc(wall)})"
        return f"plausible({found})"

    def _utc(self, wall: str) -> str:
        return wall if self.is_utc else f"wall_to_utc({wall})"

    def _spelled(self, x: str) -> tuple[str, str]:
        """An instant's text as (UTC where it has an offset, wall time where it has none)."""
        chosen = self.settings.datetime_format
        if chosen is None:
            return f"iso_offset(iso_text({x}))", f"iso_wall(iso_text({x}))"
        base = without_zone(chosen)
        zoned = ", ".join(literal(base + end) for end in ("%z", " %z"))
        spelled = f"regexp_replace({x}, '[Zz]$', '+00:00')"
        wall = f"try_strptime({x}, {literal(base)})"
        return f"at_utc(try_strptime({spelled}, [{zoned}]))", wall

    def _date(self, x: str, given: Given) -> str:
        if given.type == _ZONED:
            return f"cast(at_utc({x}) as date)"
        if given.type in (*_TIMESTAMPS, "DATE"):
            return f"cast({x} as date)"
        iso = (
            f"case when length({x}) <= 10 or try_cast(iso_text({x}) as timestamp) is not null"
            f" then try_cast(left({x}, 10) as date) end"
        )
        found = iso
        chosen = self.settings.datetime_format
        if chosen is not None:
            base = without_zone(chosen)
            tries = [f"cast(try_strptime({x}, {literal(f)}) as date)" for f in _date_formats(base)]
            found = f"coalesce({', '.join(tries + ([] if base.startswith('%Y') else [iso]))})"
        return f"case when {found} between date '{EARLIEST}' and date '{LATEST}' then {found} end"

    def _plain_number(self, x: str) -> str:
        """Text with a point as decimal sign, grouping signs removed where they can be nothing else."""
        mark, group = (",", ".") if self.settings.decimal == "," else (".", ",")
        g, m = f"\\{group}", f"\\{mark}"
        some = rf"'^[+-]?\d{{1,3}}({g}\d{{3}})+({m}\d+)?$'"
        grouped = some if mark == "," else rf"'^[+-]?\d{{1,3}}({g}\d{{3}})+{m}\d+$'"
        bare = f"case when regexp_matches({x}, {grouped}) then replace({x}, '{group}', '')"
        if mark == ".":
            return f"(case when contains({x}, ',') then {bare} end else {x} end)"
        return (
            f"replace({bare} when not contains({x}, '.') then {x} end, ',', '.')"
        )

    def _number(self, sql_type: str, x: str, given: Given) -> str:
        source = self._plain_number(x) if given.type == "VARCHAR" else x
        number = f"try_cast({source} as {sql_type})"
        return f"case when isfinite({number}) then {number} end" if sql_type == "DOUBLE" else number

    def _integer(self, x: str, given: Given) -> str:
        if given.type != "VARCHAR":
            return f"try_cast({x} as bigint)"
        n = self._plain_number(x)
        whole = f"regexp_extract({n}, '^([+-]?\\d+)(\\.0*)?$', 1)"
        return f"case when {x} is not null then try_cast(nullif({whole}, '') as bigint) end"

    def _score(self, x: str, _: Given) -> str:
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

    def _key(self) -> str:
        if not self.entity.key:
            return "_row_hash"
        parts = [quoted(name) for name in self.entity.key]
        given = " and ".join(f"{part} is not null" for part in parts)
        joined = " || '|' || ".join(f"cast({part} as varchar)" for part in parts)
        return f"case when {given} then {joined} else _row_hash end"

    def _faults(self, columns: Mapping[str, Given]) -> Callable[[int], str]:
        """How many of a row's zone-less times fell into a clock change, by kind of fault."""
        walls = []
        for column in self._all:
            given, x = columns[column.name], f"g_{column.name}"
            if column.type != "instant" or given.sql == "cast(null as varchar)":
                continue
            if given.type in (*_TIMESTAMPS, "DATE"):
                walls.append(f"cast({x} as timestamp)")
            elif given.type != _ZONED:
                walls.append(self._spelled(x)[1])
        if self.is_utc or not walls:
            return lambda _: "0"
        return lambda fault: " + ".join(
            f"cast(coalesce(wall_fault({wall}) = {fault}, false) as integer)" for wall in walls
        )

    def _problem(self, columns: Mapping[str, Given]) -> str:
        """[column, reason] of the first column that breaks its contract, else NULL."""
        cases: list[str] = []
        for column in self._all:
            x, value = f"g_{column.name}", quoted(column.name)
            empty = columns[column.name].sql == "cast(null as varchar)"
            if column.is_required:
                cases.append(_case(column, f"{x} is null", "'a required value is missing'"))
            if empty:
                continue
            refused = f"{x} is not null and {value} is null"
            cases.append(_case(column, refused, _shown(column, self._refusal(column), x)))
            if column.is_event_time:
                too_late = f"{value} > {self.latest}"
                cases.append(_case(column, too_late, _shown(column, "in the future", x)))
            if column.minimum is not None:
                high = f" or {value} > {column.maximum}" if column.maximum is not None else ""
                to = f"to {column.maximum}" if column.maximum is not None else "or more"
                said = f"not {column.minimum} {to}"
                cases.append(_case(column, f"{value} < {column.minimum}{high}", _shown(column, said, x)))
        for start, end in (("opens", "closes"), ("starts_at", "ends_at"), ("starts_on", "ends_on")):
            if end in self.entity.names:
                less = "<" if start == "starts_on" else "<="
                column = self.entity.column(end)
                reason = _shown(column, f"not after {start}", f"g_{end}")
                cases.append(_case(column, f"{quoted(end)} {less} {quoted(start)}", reason))
        return f"case {' '.join(cases)} end" if cases else "cast(null as varchar[])"

    def _refusal(self, column: Column) -> str:
        if column.allowed:
            return f"none of {', '.join(column.allowed)}"
        if column.name == "to_value":
            return f"no status ({', '.join(STATUSES)}; other words through `values`)"
        if column.name == "timezone":
            return "no time zone"
        return _SAID.get(column.type, "not readable")


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


def _untouched(column: Given) -> str:
    return f"to_json({column.sql})"


def _case(column: Column, test: str, reason: str) -> str:
    return f"when {test} then [{literal(column.name)}, {reason}]"


def _shown(column: Column, said: str, x: str) -> str:
    return f"{literal(said + ': ')} || left(cast({x} as varchar), {SHOWN_CHARACTERS})"
