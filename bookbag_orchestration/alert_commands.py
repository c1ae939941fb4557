"""`bookbag alerts`: the incidents, and what people say of them."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from bookbag_orchestration.commands import (
    ConfigOption,
    Format,
    HomeOption,
    Stop,
    settle,
    workplace_of_call,
)

alerts_app = typer.Typer(invoke_without_command=True, help="Incidents, and what is said of them.")


@alerts_app.callback(epilog="Example: bookbag alerts --open")
def alerts(
    context: typer.Context,
    only_open: Annotated[bool, typer.Option("--open", help="Only what is still open.")] = False,
    format: Annotated[Format, typer.Option(help="How to print it.")] = "table",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Incidents with value, limit, owner and response protocol."""
    if context.invoked_subcommand:
        return
    settle(config, home)
    from bookbag_orchestration.alert_screens import alert_table
    from bookbag_orchestration.screens import ScreenError

    try:
        alert_table(workplace_of_call(), only_open).write(sys.stdout, format)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None


AlertArgument = Annotated[str, typer.Argument(metavar="ID", help="As `bookbag alerts` tells it.")]


@alerts_app.command(epilog="Example: bookbag alerts ack 640641b221da")
def ack(id: AlertArgument, config: ConfigOption = None, home: HomeOption = None) -> None:
    """Somebody is at it."""
    _say(id, "ack", config, home)


@alerts_app.command(epilog="Example: bookbag alerts snooze 640641b221da --until 2026-12-01")
def snooze(
    id: AlertArgument,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Open again on this day.")],
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Not before a day."""
    _say(id, "snooze", config, home, until.date())


@alerts_app.command(epilog="Example: bookbag alerts expected 640641b221da")
def expected(id: AlertArgument, config: ConfigOption = None, home: HomeOption = None) -> None:
    """It was to be expected: its days are days of the calendar from now on."""
    _say(id, "expected", config, home)


@alerts_app.command(epilog="Example: bookbag alerts wrong 640641b221da")
def wrong(id: AlertArgument, config: ConfigOption = None, home: HomeOption = None) -> None:
    """It was no incident."""
    _say(id, "wrong", config, home)


@alerts_app.command(epilog="Example: bookbag alerts precision")
def precision(
    format: Annotated[Format, typer.Option(help="How to print it.")] = "table",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """How often the incidents of each KPI were right, by what people said of them."""
    settle(config, home)
    from bookbag_orchestration.alert_screens import precision_table
    from bookbag_orchestration.screens import ScreenError

    try:
        precision_table(workplace_of_call()).write(sys.stdout, format)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None


@alerts_app.command(epilog="Example: bookbag alerts retry")
def retry(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Send again what could not be delivered; one that was interrupted may arrive twice."""
    settle(config, home)
    from bookbag_orchestration.telling import retry

    sent = retry(workplace_of_call())
    print(f"{sent.arrived} messages sent, {sent.failed} did not arrive.")
    if sent.failed:
        raise Stop("`bookbag doctor` says why.", 1)


def _say(
    id: str, said: str, config: Path | None, home: Path | None, until: date | None = None
) -> None:
    settle(config, home)
    from bookbag_orchestration.alerting import say
    from bookbag_orchestration.resources import WarehouseBusyError
    from expectations.anomalies.answers import STATES, UnknownAlertError

    place = workplace_of_call()
    try:
        say(place, id, said, until)
    except UnknownAlertError as error:
        raise Stop(str(error), 2) from None
    except WarehouseBusyError as error:
        raise Stop(str(error), 1) from None
    print(f"{id} is {STATES[said]}.")
