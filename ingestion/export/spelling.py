"""How exported files spell a value: SQL macros, and columns of any type as text.

Everything here is plain DuckDB SQL over whole columns. A spelling that cannot be read gives NULL,
never an error and never a guess, so that the row can be set aside with what it said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ingestion.export.lines import LINE, TEXT

JSON = "JSON"
EARLIEST, LATEST = "1900-01-01", "2300-01-01"

SQL_TYPES: Mapping[str, str] = {
    "instant": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "double": "DOUBLE",
}

_SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
INTEGERS = (*_SIGNED, *(f"U{name}" for name in _SIGNED))
FLOATS = ("FLOAT", "DOUBLE")
WALLS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")
ZONED = "TIMESTAMP WITH TIME ZONE"

# `trimmed` looks at both ends first and `iso_text` tries the cast first: trimming and replacing
# cost more than all the rest, and nearly no value needs them. Whole numbers are exact up to 2^53.
MACROS = rf"""
create or replace macro trimmed(x) as case
    when ascii(x) > 32 and ascii(right(x, 1)) > 32 then x
    else nullif(trim(x, E' \t\r\n'), '') end;
create or replace macro iso_spelled(x) as regexp_replace(regexp_replace(regexp_replace(
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(upper(x),
    '(Z|[+-]\d\d:?\d\d)\[[^\]]+\]$', '\1'),
    ' ?(UTC|GMT|Z)$', 'Z'),
    '(\d),(\d+)', '\1.\2'),
    ' ([+-]\d\d)', '\1'),
    '^(\d{{4}})(\d\d)(\d\d)(T|$)', '\1-\2-\3\4'),
    'T(\d\d)(\d\d)(\d\d)?(\D|$)', 'T\1:\2:\3\4'),
    '([T ]\d\d)(Z|[+-]|$)', '\1:00\2'),
    '^(\S+[T ]\d\d:\d\d):?(Z|[+-].*)?$', '\1:00\2');
create or replace macro iso_text(x) as case
    when not regexp_matches(x, '^\d') then null
    when try_cast(x as timestamp) is not null and not ends_with(lower(x), 'utc') then x
    else iso_spelled(x) end;
create or replace macro has_offset(x) as length(x) > 10 and (
    ends_with(x, 'Z') or ends_with(x, 'z') or contains(substr(x, 12), '+')
    or contains(substr(x, 12), '-'));
create or replace macro at_utc(x) as make_timestamp(epoch_us(x));
create or replace macro iso_offset(x) as case
    when has_offset(x) then at_utc(try_cast(x as timestamptz)) end;
create or replace macro iso_wall(x) as case
    when not has_offset(x) then try_cast(x as timestamp) end;
create or replace macro plausible(x) as case
    when x >= timestamp '{EARLIEST}' and x < timestamp '{LATEST}' then x end;
create or replace macro plausible_on(x) as case
    when x between date '{EARLIEST}' and date '{LATEST}' then x end;
create or replace macro as_boolean(x) as case lower(x)
    when 'true' then true when '1' then true when 'yes' then true when 't' then true
    when 'y' then true when 'false' then false when '0' then false when 'no' then false
    when 'f' then false when 'n' then false end;
create or replace macro whole_text(x) as case
    when x = trunc(x) and abs(x) <= 9007199254740992 then cast(cast(x as bigint) as varchar)
    else cast(x as varchar) end;
create or replace macro as_list(x) as case
    when starts_with(x, '[') then cast(try(json(x)) as varchar)
    else cast(to_json(list_filter(list_transform(string_split(x, ';'), lambda y: trim(y)),
        lambda y: y != '')) as varchar) end;
create or replace macro as_clock(x) as case
    when regexp_full_match(x, '([01]?\d|2[0-3]):[0-5]\d(:00(\.0+)?)?|24:00(:00)?')
        then lpad(split_part(x, ':', 1), 2, '0') || ':' || split_part(x, ':', 2) end;
create or replace macro as_month(x) as case
    when regexp_full_match(x, '\d{{4}}-(0[1-9]|1[0-2])') then x
    when regexp_full_match(x, '\d{{4}}-(0[1-9]|1[0-2])-.*') and try_cast(x as date) is not null
        then left(x, 7) end;
"""


@dataclass(frozen=True)
class Given:
    """A column as the file gives it: an SQL expression and its DuckDB type."""

    sql: str
    type: str = "VARCHAR"


ABSENT = Given("cast(null as varchar)")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def words(texts: Iterable[str]) -> str:
    """The texts as the inside of an SQL list."""
    return ", ".join(literal(text) for text in texts)


def text_of(given: Given) -> str:
    """The column as trimmed text, empty as NULL, whole numbers without a fraction."""
    kind, sql = given.type, given.sql
    if kind in FLOATS:
        return f"(case when not isnan({sql}) then whole_text({sql}) end)"
    if kind.startswith("DECIMAL"):
        return rf"regexp_replace(cast({sql} as varchar), '\.0+$', '')"
    if kind == ZONED:
        return f"(strftime(at_utc({sql}), '%Y-%m-%dT%H:%M:%S.%f') || 'Z')"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"cast(to_json({sql}) as varchar)"
    if kind == "BLOB":
        # What is no text shows as \xFF and so on, and is nobody's valid number, instant or word.
        return f"trimmed(coalesce(try(decode({sql})), cast({sql} as varchar)))"
    if kind == JSON:
        return f"trimmed(json_extract_string({sql}, '$'))"
    return f"trimmed({sql if kind == 'VARCHAR' else f'cast({sql} as varchar)'})"


def row_as_json(given: Mapping[str, Given]) -> str:
    """A row of a typed file as text: one JSON object."""
    pairs = ", ".join(f"{literal(name)}, {as_json(column)}" for name, column in given.items())
    return f"cast(json_object({pairs}) as varchar)"


def as_json(given: Given) -> str:
    """The column as JSON, which knows neither NaN nor bytes."""
    if given.type in FLOATS:
        return f"case when isfinite({given.sql}) then to_json({given.sql}) end"
    return f"to_json({text_of(given) if given.type == 'BLOB' else given.sql})"


def json_relation(
    batch: str, texts: Mapping[str, tuple[str, bool]], others: Mapping[str, str]
) -> str:
    """`batch` of JSON objects with keys of theirs as columns, by column name.

    `texts` become text, a number as the whole one that it is; if so told, any other gets the
    decimal comma that the texts of its column have. `others` stay JSON, null as NULL. Keys are
    fetched all at once, since each fetch reads the whole object.
    """
    columns = []
    for place, (name, (_, has_comma)) in enumerate(texts.items(), start=1):
        value, is_number = f"values[{place}]", f"kinds[{place}] = 'DOUBLE'"
        comma = f" when {is_number} then replace({value}, '.', ',')" if has_comma else ""
        columns.append(
            f"case when ends_with({value}, '.0') and {is_number} then {value}[:-3]"
            f" when lower({value}) = 'nan' and {is_number} then null{comma} else {value} end"
            f" as {name}"
        )
    for place, name in enumerate(others, start=1):
        value = f"untouched[{place}]"
        columns.append(f"case when json_type({value}) != 'NULL' then {value} end as {name}")
    keys = _pointers(key for key, _ in texts.values())
    return (
        f"(select {', '.join([LINE, TEXT, *columns])} from (select {LINE}, {TEXT},"
        f" json_extract_string({TEXT}, {keys}) as values, json_type({TEXT}, {keys}) as kinds,"
        f" json_extract({TEXT}, {_pointers(others.values())}) as untouched from {batch}))"
    )


def _pointers(keys: Iterable[str]) -> str:
    """JSON pointers as an SQL list, which DuckDB wants to have a type even if it is empty."""
    pointers = ("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
    return f"cast([{words(pointers)}] as varchar[])"
