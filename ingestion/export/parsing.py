"""The SQL that turns a file's columns into rows of a contract, or into a reason why not.

Layers, each a select over the one before: `given` (renamed, constants, nulls, values), `spelled`,
`parsed` and `bounded` (typed, UTC), `judged` (the first column that breaks its contract, and why),
`hashed` (key and hash). DuckDB runs them over whole columns; a row is never touched singly.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from ingestion.contracts import Column, Entity
from ingestion.export.casting import Caster
from ingestion.export.judging import problem
from ingestion.export.lines import LINE, TEXT
from ingestion.export.mapping import Format, TableMapping
from ingestion.export.spelling import (
    ABSENT,
    FLOATS,
    Given,
    literal,
    quoted,
    row_as_json,
    text_of,
    words,
)
from ingestion.export.zones import REPEATED, SKIPPED, WallClock

_NUMBERS = ("integer", "decimal", "double", "score")


class Parser:
    """Builds the select for one file of one entity."""

    def __init__(
        self,
        entity: Entity,
        mapping: TableMapping,
        settings: Format,
        clock: WallClock,
        now: datetime,
    ) -> None:
        self.entity = entity
        self.mapping = mapping
        self.settings = settings
        self.now = now
        self._caster = Caster(entity, settings, clock)

    def their_name(self, column: str) -> str | None:
        """The file's column behind one of ours; None where a constant stands for it."""
        if column in self.mapping.constants:
            return None
        return self.mapping.columns.get(column, column)

    def is_read(self, theirs: str) -> bool:
        """Whether a column of the file is of use; others are landed untouched."""
        used = {self.their_name(name) for name in self.entity.names}
        return theirs in used or theirs in self.mapping.rows

    def has_comma(self, theirs: str) -> bool:
        """Whether the settings say that this column's numbers are written with a comma."""
        return self.settings.decimal == "," and any(
            self.their_name(column.name) == theirs and column.type in _NUMBERS
            for column in self.entity.columns
        )

    def provided(self, columns: Iterable[str]) -> list[str]:
        """The contract's columns that a file with these columns gives, constants included."""
        there = set(columns)
        return [name for name in self.entity.names if (self.their_name(name) or None) in there] + [
            name for name in self.entity.names if name in self.mapping.constants
        ]

    def select(self, relation: str, given: Mapping[str, Given]) -> str:
        """The rows of `relation`, which has `_line`, `_text` and the expressions in `given`.

        Columns: the contract's, _key, _row_hash, _extra, _line, _problem ([column, reason]),
        _row_text (of a row with a problem), _skipped and _repeated (times hit by a clock change).
        """
        columns = {column.name: self._given(column, given) for column in self.entity.columns}
        self._split_events(columns)
        names = self.entity.names
        caster = self._caster
        given_list, spelled, parsed, bounded = [], ["*"], [], []
        for column in self.entity.columns:
            name, its = column.name, columns[column.name]
            given_list.append(f"{its.sql} as g_{name}")
            parsed.append(f"{caster.value(column, its)} as {quoted(name)}")
            if (text := caster.spelled(column, its)) is not None:
                spelled.append(f"{text} as s_{name}")
            if (value := caster.bounded(column)) is not None:
                bounded.append(f"{value} as {quoted(name)}")
        plain = ", ".join(quoted(name) for name in names)
        return f"""
with given as (
    select {LINE}, {TEXT}, {self._extra(given)} as _extra, {self._others(given)} as _others,
        {", ".join(given_list)}
    from {relation}{self._where(given)}
),
spelled as (select {", ".join(spelled)} from given{self._left_out()}),
parsed as (
    select {LINE}, {TEXT}, _extra, _others, {", ".join(f"g_{name}" for name in names)},
        {", ".join(parsed)}, {self._faults(columns)} as _faults
    from spelled
),
bounded as (
    select *{f" replace ({', '.join(bounded)})" if bounded else ""} from parsed
),
judged as (
    select {plain}, {LINE}, {TEXT}, _extra, _others, _faults,
        {problem(self.entity, columns, self.now)} as _problem
    from bounded
),
hashed as (select *, {self._hash(names)} as _row_hash from judged)
select {plain}, {self._key()} as _key, _row_hash, _extra, {LINE}, _problem,
    case when _problem is not null then rtrim({TEXT}, E'\\r\\n') end as _row_text,
    {_counted(SKIPPED)} as _skipped, {_counted(REPEATED)} as _repeated
from hashed"""

    def _given(self, column: Column, given: Mapping[str, Given]) -> Given:
        name = self.their_name(column.name)
        if name is None:
            constant = self.mapping.constants[column.name]
            text = str(constant).lower() if isinstance(constant, bool) else str(constant)
            return Given(literal(text))
        if name not in given:
            return ABSENT
        source = given[name]
        text = text_of(source)
        is_number = source.type in FLOATS or source.type.startswith("DECIMAL")
        if is_number and self.has_comma(name):
            text = f"replace({text}, '.', ',')"
        values = self.mapping.values.get(column.name, {})
        nulls = self._nulls(column.name)
        if nulls:
            text = f"(case when {text} not in ({words(nulls)}) then {text} end)"
        if values:
            cases = " ".join(
                f"when {literal(a.strip())} then {literal(b)}" for a, b in values.items()
            )
            subject = f"coalesce({text}, '')" if "" in values else text
            return Given(f"(case {subject} {cases} else {text} end)")
        if not self._caster.keeps_type(column, source.type):
            return Given(text)
        if nulls:
            return Given(f"(case when {text} is not null then {source.sql} end)", source.type)
        if source.type in FLOATS:
            return Given(f"(case when not isnan({source.sql}) then {source.sql} end)", source.type)
        return source

    def _nulls(self, column: str) -> tuple[str, ...]:
        nulls = self.settings.nulls
        chosen = nulls.get(column, ()) if isinstance(nulls, Mapping) else nulls
        return tuple(word.strip() for word in chosen)

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
            is_split = f"{whole} in ({words(sorted(split))})"
            rest = f"substr({whole}, strpos({whole}, ':') + 1)"
            kind = f"split_part({whole}, ':', 1)"
            columns["to_value"] = Given(f"(case when {is_split} then {rest} else {own} end)")
            columns["event_type"] = Given(f"(case when {is_split} then {kind} else {whole} end)")

    def _where(self, given: Mapping[str, Given]) -> str:
        """Only rows whose column matches; a row without a value matches only what '' matches."""
        tests = [
            f"regexp_matches(coalesce({text_of(given.get(name, ABSENT))}, ''), {literal(pattern)})"
            for name, pattern in self.mapping.rows.items()
        ]
        return " where " + " and ".join(tests) if tests else ""

    def _left_out(self) -> str:
        tests = [
            f"g_{name} is distinct from ''"
            for name, values in self.mapping.values.items()
            if "" in values.values()
        ]
        return " where " + " and ".join(tests) if tests else ""

    def _extra(self, given: Mapping[str, Given]) -> str:
        """The columns that the contract does not know, as a JSON object."""
        others = self._unknown(given)
        if not others:
            return "cast(null as varchar)"
        if_any = ", ".join(text_of(column) for column in others.values())
        return f"case when coalesce({if_any}) is not null then {row_as_json(others)} end"

    def _others(self, given: Mapping[str, Given]) -> str:
        """The same as a text that is the same in every format and order of columns."""
        others = sorted(self._unknown(given).items())
        texts = [f"{literal(name + '=')} || {text_of(column)}" for name, column in others]
        return f"concat_ws(chr(31), {', '.join(texts)})" if texts else "''"

    def _unknown(self, given: Mapping[str, Given]) -> dict[str, Given]:
        used = {self.their_name(name) for name in self.entity.names}
        return {name: column for name, column in given.items() if name not in used}

    def _hash(self, columns: Iterable[str]) -> str:
        """Of these columns of the contract."""
        texts = []
        for column in map(self.entity.column, columns):
            name = quoted(column.name)
            text = f"epoch_us({name})" if column.type == "instant" else name
            texts.append(f"coalesce(cast({text} as varchar), '')")
        return f"md5(concat_ws(chr(31), {', '.join(texts)}))"

    def _key(self) -> str:
        """The natural key; of a row without one what makes it itself, else the whole row."""
        if self.entity.identity:
            unnamed = self._hash(self.entity.identity)
        else:
            unnamed = "md5(concat_ws(chr(31), _row_hash, _others))"
        if not self.entity.key:
            return unnamed
        parts = [quoted(name) for name in self.entity.key]
        given = " and ".join(f"{part} is not null" for part in parts)
        joined = " || '|' || ".join(f"cast({part} as varchar)" for part in parts)
        return f"case when {given} then {joined} else {unnamed} end"

    def _faults(self, columns: Mapping[str, Given]) -> str:
        """What a clock change did to each of a row's zone-less times."""
        walls = [
            wall
            for column in self.entity.columns
            if columns[column.name] != ABSENT
            and (wall := self._caster.wall(column, columns[column.name])) is not None
        ]
        if not walls:
            return "cast(null as tinyint[])"
        return f"[{', '.join(f'wall_fault({wall})' for wall in walls)}]"


def _counted(fault: int) -> str:
    return f"len(list_filter(_faults, lambda x: x = {fault}))"
