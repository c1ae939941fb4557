"""How a vendor's own export differs from the export format: the settings of a source of files.

The same settings, as plain data, are kept with what was landed under them: so it is known when a
file must be read again, and which of its rows were there only because of what was set before.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.contracts import ENTITIES
from ingestion.errors import IngestError
from ingestion.export.checking import check_format, check_rows

Nulls = tuple[str, ...] | Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TableMapping:
    """How one table of a source differs from the export format; None = as the source says."""

    file: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    datetime_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    nulls: Nulls | None = None
    snapshot: bool | None = None


@dataclass(frozen=True)
class FilesSpec:
    """A source of kind `files`. `start_date` is for the models; every row of a file is landed."""

    name: str
    path: Path | str
    timezone: str = "UTC"
    start_date: date | None = None
    tables: Mapping[str, TableMapping] = field(default_factory=dict)
    datetime_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    nulls: Nulls | None = None
    snapshot: bool | None = None


@dataclass(frozen=True)
class Format:
    """The six settings as they hold for one table; `datetime_format` None is ISO 8601."""

    datetime_format: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    nulls: Nulls = ()
    snapshot: bool = False


def mapping_of(spec: FilesSpec, entity: str) -> TableMapping:
    return spec.tables.get(entity, TableMapping())


def format_of(spec: FilesSpec, entity: str) -> Format:
    """The table's own settings, else the source's, else the defaults."""
    table, defaults = mapping_of(spec, entity), Format()
    settings: dict[str, Any] = {}
    for name in asdict(defaults):
        choices = (getattr(table, name), getattr(spec, name), getattr(defaults, name))
        settings[name] = next((choice for choice in choices if choice is not None), None)
    return Format(**settings)


def settings_of(spec: FilesSpec, entity: str) -> dict[str, Any]:
    """What decides how a file of the entity lands, as plain JSON data."""
    table = asdict(mapping_of(spec, entity))
    del table["file"]
    effective = {**table, **asdict(format_of(spec, entity)), "timezone": spec.timezone}
    plain: dict[str, Any] = json.loads(json.dumps(effective, default=str))
    return plain


def hash_of(settings: Mapping[str, Any]) -> str:
    """Changes when the same file would land differently."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def spec_of(spec: FilesSpec, entity: str, settings: Mapping[str, Any]) -> FilesSpec:
    """The source as it was when `settings_of` gave these."""
    known = {item.name for item in fields(TableMapping)}
    table = TableMapping(**{name: value for name, value in settings.items() if name in known})
    return FilesSpec(spec.name, spec.path, settings["timezone"], tables={entity: table})


def check_mapping(spec: FilesSpec) -> None:
    """Raises IngestError on names that the export format does not know, and on values that no file
    could be read with.
    """
    _check_settings(f"source {spec.name}", spec)
    for table, mapping in spec.tables.items():
        where = f"source {spec.name}, tables.{table}"
        if table not in ENTITIES:
            raise IngestError(
                f"{where}: there is no such table. The export format has {', '.join(ENTITIES)}."
            )
        _check_settings(where, mapping)
        check_rows(where, mapping.rows)
        known = ENTITIES[table].names
        nulls = mapping.nulls if isinstance(mapping.nulls, Mapping) else {}
        for part in (mapping.columns, mapping.constants, mapping.values, nulls):
            for column in part:
                if column not in known:
                    raise IngestError(
                        f"{where}: {column!r} is no column of {table}, which has"
                        f" {', '.join(known)}. Names on the left are the export format's."
                    )


def _check_settings(where: str, settings: FilesSpec | TableMapping) -> None:
    check_format(
        where,
        datetime_format=settings.datetime_format,
        delimiter=settings.delimiter,
        encoding=settings.encoding,
        decimal=settings.decimal,
    )
