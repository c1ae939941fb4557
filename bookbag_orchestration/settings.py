"""The environment: the only place that reads it, and the only one that sets what libraries read.

Telemetry of every library is off before any of them is imported.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt_project"

_QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "GX_ANALYTICS_ENABLED": "false",
}


@dataclass(frozen=True)
class Settings:
    """Where bookbag works; `config` None = bookbag.toml if there is one, else the sample shop."""

    home: Path
    config: Path | None
    as_of: str | None


def silence_telemetry() -> None:
    """No library calls home; called by each entry point before its first heavy import."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


def read_environment() -> Settings:
    """BOOKBAG_HOME, BOOKBAG_CONFIG and BOOKBAG_AS_OF; paths are relative to the working folder."""
    config = os.environ.get("BOOKBAG_CONFIG")
    return Settings(
        home=Path(os.environ.get("BOOKBAG_HOME") or ".bookbag").resolve(),
        config=Path(config).resolve() if config else None,
        as_of=os.environ.get("BOOKBAG_AS_OF") or None,
    )


def write_environment(settings: Settings) -> None:
    """Hands the settings to what runs in or under this process: Dagster's code, dbt."""
    os.environ["BOOKBAG_HOME"] = str(settings.home)
    for name, value in (("BOOKBAG_CONFIG", settings.config), ("BOOKBAG_AS_OF", settings.as_of)):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = str(value)
