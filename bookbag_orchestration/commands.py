"""What every command shares: its options, its settings, and how it ends with an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from bookbag_orchestration.settings import Settings, read_environment, write_environment

if TYPE_CHECKING:
    from bookbag_orchestration.resources import Workplace

Format = Literal["table", "csv", "json"]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="bookbag.toml; default: ./bookbag.toml, else the sample shop."),
]
HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Where bookbag keeps its files; default: .bookbag.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Show traces of errors.")]


class Stop(typer.Exit):
    """Ends the command with a message on stderr."""

    def __init__(self, message: str, code: int) -> None:
        Console(stderr=True, soft_wrap=True, highlight=False).print(message, markup=False)
        super().__init__(code)


def settle(config: Path | None, home: Path | None, as_of: str | None = None) -> Settings:
    """Options over the environment, handed on to whatever runs in this process."""
    given = read_environment()
    settings = Settings(
        home=home.resolve() if home else given.home,
        config=config.resolve() if config else given.config,
        as_of=as_of or given.as_of,
    )
    write_environment(settings)
    return settings


def workplace_of_call() -> Workplace:
    """The account that the settings name. Raises Stop where they do not hold."""
    from bookbag_orchestration.config import ConfigError
    from bookbag_orchestration.resources import workplace

    workplace.cache_clear()
    try:
        return workplace()
    except ConfigError as error:
        raise Stop(str(error), 2) from None
