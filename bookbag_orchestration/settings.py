"""The environment: the only place that reads it, and the only one that sets what libraries read.

Telemetry of every library is off before any of them is imported.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt_project"
DEFAULT_HOME = Path(".bookbag")

_TO = "BOOKBAG_ALERTS__TO"

_QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
}


@dataclass(frozen=True)
class Settings:
    """Where bookbag works; `config` None = bookbag.toml if there is one, else the sample shop.

    `full_refresh`: read every file again and rebuild every table; `since`: read again what APIs say
    changed from this day on; `reread`: (entity, file) pairs that are to be read again.
    """

    home: Path
    config: Path | None = None
    as_of: str | None = None
    full_refresh: bool = False
    since: date | None = None
    reread: frozenset[tuple[str, str]] = frozenset()


def silence_telemetry() -> None:
    """No library calls home; called by each entry point before its first heavy import."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def read_environment() -> Settings:
    """BOOKBAG_HOME, BOOKBAG_CONFIG, BOOKBAG_AS_OF; paths are relative to the working folder.

    BOOKBAG_FULL_REFRESH is 1 or absent; BOOKBAG_SINCE is a day; BOOKBAG_REREAD holds `entity/file`
    pairs, one a line.
    """
    config = os.environ.get("BOOKBAG_CONFIG")
    reread = os.environ.get("BOOKBAG_REREAD", "").splitlines()
    since = os.environ.get("BOOKBAG_SINCE")
    return Settings(
        home=Path(os.environ.get("BOOKBAG_HOME") or DEFAULT_HOME).resolve(),
        config=Path(config).resolve() if config else None,
        as_of=os.environ.get("BOOKBAG_AS_OF") or None,
        full_refresh=os.environ.get("BOOKBAG_FULL_REFRESH") == "1",
        since=date.fromisoformat(since) if since else None,
        reread=frozenset((entity, file) for entity, _, file in map(_cut, reread)),
    )


def write_environment(settings: Settings) -> None:
    """Hands the settings to what runs in or under this process: Dagster's code, dbt."""
    os.environ["BOOKBAG_HOME"] = str(settings.home)
    reread = "\n".join(f"{entity}/{file}" for entity, file in sorted(settings.reread))
    given = {
        "BOOKBAG_CONFIG": settings.config,
        "BOOKBAG_AS_OF": settings.as_of,
        "BOOKBAG_FULL_REFRESH": "1" if settings.full_refresh else None,
        "BOOKBAG_SINCE": settings.since.isoformat() if settings.since else None,
        "BOOKBAG_REREAD": reread,
    }
    for name, value in given.items():
        if not value:
            os.environ.pop(name, None)
        else:
            os.environ[name] = str(value)


def tell_dbt(warehouse: Path, spill: Path) -> None:
    """What dbt_project/profiles.yml reads."""
    os.environ.update(_dbt_paths(warehouse, spill))


def dbt_environment(warehouse: Path, spill: Path) -> dict[str, str]:
    """The environment of a dbt that builds another warehouse than this process's, whole."""
    ours = {name: value for name, value in os.environ.items() if name != "BOOKBAG_BUILD"}
    return ours | _dbt_paths(warehouse, spill)


def _dbt_paths(warehouse: Path, spill: Path) -> dict[str, str]:
    return {"BOOKBAG_WAREHOUSE": str(warehouse), "BOOKBAG_TEMP": str(spill)}


@contextmanager
def live_build() -> Iterator[None]:
    """What dbt builds meanwhile follows what has just come, and makes nothing else anew."""
    os.environ["BOOKBAG_BUILD"] = "live"
    try:
        yield
    finally:
        del os.environ["BOOKBAG_BUILD"]


def read_secrets(source: str, keys: Iterable[str]) -> dict[str, str]:
    """Of these keys those that are set: SOURCES__<SOURCE>__<KEY>, or dlt's secrets file."""
    import dlt

    found: dict[str, object] = {key: dlt.secrets.get(f"sources.{source}.{key}") for key in keys}
    return {key: str(value) for key, value in found.items() if value}


def read_addresses() -> dict[str, list[str]]:
    """Who is told of incidents: of BOOKBAG_ALERTS__TO by "", of BOOKBAG_ALERTS__TO__<OWNER> by the
    owner as `owner_key` spells it. Addresses that keys are part of need not stand in a file;
    several are parted by white space or commas.
    """
    return {
        name.removeprefix(_TO).removeprefix("__"): _addresses(given)
        for name, given in os.environ.items()
        if (name == _TO or name.startswith(f"{_TO}__")) and given.strip()
    }


def read_receivers(report: str) -> list[str]:
    """Who gets the weekly or monthly report: BOOKBAG_REPORTS__WEEKLY__TO, likewise monthly."""
    return _addresses(os.environ.get(f"BOOKBAG_REPORTS__{report.upper()}__TO", ""))


def _addresses(given: str) -> list[str]:
    return [each for word in given.split() for each in _parted(word)]


def _parted(word: str) -> list[str]:
    """Addresses between commas; a comma within an address parts nothing."""
    at = r",(?=[A-Za-z][A-Za-z0-9+.-]*://)" if "://" in word else ","
    return [each for each in re.split(at, word.strip(",")) if each]


def owner_key(owner: str) -> str:
    """Support lead → SUPPORT_LEAD."""
    return re.sub(r"[^A-Z0-9]+", "_", owner.upper())


def read_mail_server() -> str | None:
    """BOOKBAG_MAIL__SERVER."""
    return os.environ.get("BOOKBAG_MAIL__SERVER") or None


def read_postgres() -> str | None:
    """BOOKBAG_PUBLISH__POSTGRES: an address with a password in it need not stand in a file."""
    return os.environ.get("BOOKBAG_PUBLISH__POSTGRES") or None


def _cut(line: str) -> tuple[str, str, str]:
    return line.partition("/")
