"""bookbag.toml → one frozen object, with errors that name the file, the line, the key and the cure.

Everything that dbt, Dagster and dlt are told comes from here. Without a file the account is the
sample shop, so that a first run needs no settings.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bookbag_orchestration.sections import (
    AnySource,
    ApiSource,
    Config,
    FilesSource,
    SampleSource,
    as_instant,
)
from bookbag_orchestration.settings import DBT_PROJECT, DEFAULT_HOME
from ingestion import SOURCES, VENDORS
from ingestion.errors import IngestError
from ingestion.export.folder import check_mapping
from ingestion.sample.story import SampleSpec, tell
from ingestion.sandbox.clock import LEAD

# Sections whose values are not repeated.
KEEPS_QUIET = ("alerts", "mail", "publish", "reports")
DEFAULT_FILE = "bookbag.toml"
SAMPLE_FILE = "sample.toml"
SAMPLE = """\
# The sample shop: what is read where no bookbag.toml is. A model for your own.
[account]
id = "sample"
timezone = "{timezone}"
currency = "USD"
ai_launch_date = {ai_launch_on}

[[source]]
name = "support"
kind = "zendesk"
url = "sandbox"             # served on loopback while it is read; yours has a subdomain

[[source]]
name = "store"
kind = "shopify"
url = "sandbox"

[[source]]
name = "office"             # rosters, reviews, surveys and costs, which no helpdesk tells
kind = "sample"             # yours: kind = "files" and a path
ids_of = "support"          # whose tickets, agents and customers they are of
start_date = {starts_on}
"""


class ConfigError(Exception):
    """Settings that cannot be used; the message is what the user reads."""


_KINDS: Mapping[str, type[AnySource]] = {
    "files": FilesSource,
    "sample": SampleSource,
    **dict.fromkeys(VENDORS, ApiSource),
}


def load_config(
    path: Path | None, *, as_of: str | None = None, home: Path = DEFAULT_HOME
) -> Config:
    """The settings of `path`; None = bookbag.toml here, else the sample shop's in `home`.

    Raises ConfigError: unreadable file, unknown key, wrong value.
    """
    if path is None:
        path = Path(DEFAULT_FILE) if Path(DEFAULT_FILE).exists() else sample_file(home)
    config = _parse(_read(path), path)
    if as_of is None:
        return config
    try:
        return config.model_copy(update={"as_of": as_instant(as_of)})
    except ValueError as error:
        raise ConfigError(f"--as-of {as_of!r} is no instant: {error}.") from None


def sample_file(home: Path) -> Path:
    """The settings of the account of whoever has no bookbag.toml yet, written once: the shop that
    they name keeps its history from then on.
    """
    path = home / SAMPLE_FILE
    if not path.exists():
        begun = tell(SampleSpec(), datetime.now(UTC) + LEAD).starts_on
        story = tell(SampleSpec(starts_on=begun), datetime.now(UTC) + LEAD)
        home.mkdir(parents=True, exist_ok=True)
        text = SAMPLE.format(
            timezone=story.spec.timezone, starts_on=begun, ai_launch_on=story.ai_launch_on
        )
        path.write_text(text, encoding="utf-8")
    return path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"There is no file {path}. Give --config the path of your bookbag.toml, or leave it"
            " out to use the sample shop."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as UTF-8 text: {error}.") from None


def _parse(text: str, path: Path) -> Config:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}.") from None
    sources = given.pop("source", [])
    try:
        if not isinstance(sources, list) or not sources:
            raise ConfigError(
                f"{path} has no [[source]]. Add one with a name and a kind"
                f" ({', '.join(SOURCES)}) for each helpdesk or shop."
            )
        checked = tuple(_source(item, number, path, text) for number, item in enumerate(sources))
        _unknown_base(given, path, text)
        config = Config(**given, base=path.resolve().parent, sources=checked)
    except ValidationError as error:
        raise _explained(error, Config, path, text, ()) from None
    _check(config, path)
    return config


def _unknown_base(given: Mapping[str, Any], path: Path, text: str) -> None:
    for key in ("base", "sources"):
        if key in given:
            known = [name for name in Config.model_fields if name not in ("base", "sources")]
            raise ConfigError(_unknown((key,), [*known, "source"], path, text))


def _source(item: Any, number: int, path: Path, text: str) -> AnySource:
    where = f"{path}, [[source]] {number + 1}"
    if not isinstance(item, dict):
        raise ConfigError(f"{where} is no table. Write [[source]] with double brackets.")
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ConfigError(f"{where}: kind {kind!r} is none of {', '.join(_KINDS)}. Correct `kind`.")
    try:
        return _KINDS[kind](**item)
    except ValidationError as error:
        name = item.get("name") or number + 1
        raise _explained(error, _KINDS[kind], path, text, ("source", str(name))) from None


def _check(config: Config, path: Path) -> None:
    names = [source.name for source in config.sources]
    for name in names:
        if names.count(name) > 1 or name == "bookbag":
            raise ConfigError(
                f"{path}: two sources are called {name!r}."
                if name != "bookbag"
                else f"{path}: a source cannot be called 'bookbag'. Give it another name."
            )
    for kpi in config.kpi:
        if kpi not in kpi_names():
            raise ConfigError(_unknown(("kpi", kpi), sorted(kpi_names()), path, path.read_text()))
    if config.engine == "spark":
        raise ConfigError(f'{path}: engine "spark" is not in this version. Use "duckdb".')
    for source in config.sources:
        if source.ids_of is not None and (
            isinstance(source, ApiSource) or source.ids_of not in {*names} - {source.name}
        ):
            raise ConfigError(
                f"{path}: source {source.name!r} cannot have ids_of = {source.ids_of!r}. It is for"
                " a source of kind files or sample, and names another source of this file."
            )
        if isinstance(source, FilesSource):
            try:
                check_mapping(source.spec(config.base))
            except IngestError as error:
                raise ConfigError(f"{path}: {error}") from None


@cache
def kpi_names() -> frozenset[str]:
    """The KPIs that have a block in the catalogue."""
    blocks = sorted((DBT_PROJECT / "models" / "marts" / "kpis").glob("*.yml"))
    return frozenset(
        exposure["name"]
        for block in blocks
        for exposure in yaml.safe_load(block.read_text(encoding="utf-8")).get("exposures", ())
    )


def _explained(
    error: ValidationError,
    model: type[BaseModel],
    path: Path,
    text: str,
    prefix: tuple[str, ...],
) -> ConfigError:
    """The first fault, in words; an unknown key is told with the nearest known one."""
    faults = error.errors()
    fault = next((each for each in faults if each["type"] == "extra_forbidden"), faults[0])
    place = tuple(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _keys_at(model, place[:-1])
        return ConfigError(_unknown((*prefix, *place), known, path, text))
    shown = ".".join((*prefix, *place)) or "the file"
    line = _line_of(place[-1], text) if place else ""
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return ConfigError(f"{path}: {shown} is missing. Add it.")
    given = fault.get("input")
    # Addresses have keys in them.
    is_shown = isinstance(given, str | int | float | bool) and place[0] not in KEEPS_QUIET
    said = f" (given: {given!r})" if is_shown else ""
    return ConfigError(f"{path}{line}: {shown}: {message}{said}.")


def _unknown(place: tuple[str, ...], known: list[str], path: Path, text: str) -> str:
    key = place[-1]
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"{path}{_line_of(key, text)}: unknown key {'.'.join(place)!r}.{hint}"
        f" Known here: {', '.join(known)}."
    )


def _line_of(key: str, text: str) -> str:
    """`:12` where the key stands on one line only."""
    pattern = re.compile(rf'(^|[\s.{{,\[])"?{re.escape(key)}"?\s*(=|\])')
    lines = [number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return f":{lines[0]}" if len(lines) == 1 else ""


def _keys_at(model: type[BaseModel], place: tuple[str, ...]) -> list[str]:
    """Known keys of the section at `place`; names between (a table's, a KPI's) are anybody's."""
    section = model
    for part in place:
        field = next((f for n, f in section.model_fields.items() if part in (n, f.alias)), None)
        found = _section_of(field.annotation) if field else None
        section = found or section
    if section is Config:
        hidden = ("base", "sources")
        return [*(name for name in Config.model_fields if name not in hidden), "source"]
    return [field.alias or name for name, field in section.model_fields.items()]


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section behind `Section` or `dict[str, Section]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _section_of(argument)
        if found:
            return found
    return None
