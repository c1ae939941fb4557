"""The `bookbag` command: thin, over the same assets and the published copy.

Exit codes: 0 done, 1 a step failed (what was published stays), 2 wrong usage or configuration. An
error is one paragraph on stderr; the trace shows with --verbose.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

from bookbag_orchestration.settings import Settings, silence_telemetry, write_environment

silence_telemetry()

import typer  # noqa: E402  telemetry is off before anything heavy is imported
from rich.console import Console  # noqa: E402

from bookbag_orchestration.alert_commands import alerts_app  # noqa: E402
from bookbag_orchestration.commands import (  # noqa: E402
    ConfigOption,
    Format,
    HomeOption,
    Stop,
    VerboseOption,
    settle,
    workplace_of_call,
)

if TYPE_CHECKING:
    from bookbag_orchestration.resources import Workplace
    from reports.periods import Rhythm

Step = Literal["ingest", "transform", "check", "alert", "report", "publish"]
Grain = Literal["hour", "day", "week", "month", "quarter"]

app = typer.Typer(
    name="bookbag",
    help="Support analytics for ecommerce: helpdesk and orders in, KPIs and reports out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
DeliverOption = Annotated[
    bool, typer.Option("--deliver", help="Send it to its receivers, each once.")
]
report_app = typer.Typer(no_args_is_help=True, help="Make one report again.")
quarantine_app = typer.Typer(invoke_without_command=True, help="Rows that broke their contract.")
app.add_typer(report_app, name="report")
app.add_typer(alerts_app, name="alerts")
app.add_typer(quarantine_app, name="quarantine")


def main() -> None:
    """Console script: Typer's own usage errors already end with 2."""
    app()


@app.command(
    epilog="Example: bookbag run --config acme/bookbag.toml --as-of 2026-11-20T00:00:00-05:00"
)
def run(
    config: ConfigOption = None,
    home: HomeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Pretend it is this instant (ISO 8601, offset).")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Read every file again, rebuild every table.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Also read again what APIs say changed from this day on."
        ),
    ] = None,
    only: Annotated[Step | None, typer.Option("--only", help="One step alone.")] = None,
    verbose: VerboseOption = False,
) -> None:
    """One pass: ingest → transform → check → alert → publish → report."""
    settings = settle(config, home, as_of)
    day = since.date() if since else None
    write_environment(replace(settings, full_refresh=full_refresh, since=day))
    place = workplace_of_call()
    _check_owner(place)
    from bookbag_orchestration.resources import Progress
    from bookbag_orchestration.runs import run_pipeline
    from bookbag_orchestration.screens import headline_lines, next_lines, step_line

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(f"[bold]bookbag[/] {place.config.account.id} → {place.home}")
    progress = Progress(lambda *told: console.print(step_line(*told)))
    started = monotonic()
    outcome = run_pipeline(place, progress, only)
    if not outcome.is_done:
        if verbose:
            Console(stderr=True).print("\n".join(outcome.traces), markup=False)
        kept = (
            "The rest is built and published, and marked late."
            if outcome.went_on
            else "What had been published stays published."
        )
        raise Stop("\n".join([*outcome.failures, f"{kept} Log: {outcome.log}"]), 1)
    console.print(f"done in {monotonic() - started:.1f} s")
    if only is None:
        for line in [*headline_lines(place), *next_lines(place)]:
            console.print(line)


@app.command(epilog="Example: bookbag kpi csat --grain week --by handling --since 2026-10-01")
def kpi(
    name: Annotated[str | None, typer.Argument(help="A KPI; without it, the catalogue.")] = None,
    stat: Annotated[str | None, typer.Option(help="One of its stats; default: the first.")] = None,
    grain: Annotated[Grain, typer.Option(help="Length of the periods.")] = "week",
    by: Annotated[
        str | None,
        typer.Option(help="handling, channel, category, team or customer_segment."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="First date, YYYY-MM-DD.")] = None,
    format: Annotated[Format, typer.Option(help="How to print it.")] = "table",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Values from the published copy, or the catalogue."""
    settle(config, home)
    from bookbag_orchestration.screens import ScreenError, catalogue, figures

    place = workplace_of_call()
    try:
        table = catalogue(place) if name is None else figures(place, name, stat, grain, by, since)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None
    table.write(sys.stdout, format)


@app.command(epilog="Example: bookbag sources --config acme/bookbag.toml")
def sources(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Each source: last load, rows, how far it reaches, quarantined rows, next sync."""
    settle(config, home)
    from bookbag_orchestration.screens import ScreenError, source_table

    try:
        source_table(workplace_of_call()).write(sys.stdout, "table")
    except ScreenError as error:
        raise Stop(str(error), error.code) from None


@app.command(epilog="Example: bookbag doctor --config acme/bookbag.toml")
def doctor(config: ConfigOption = None, home: HomeOption = None) -> None:
    """Is all there that runs need, was everybody told; and what to do if not."""
    settle(config, home)
    from bookbag_orchestration.doctor import examine

    place, console = workplace_of_call(), Console(highlight=False, soft_wrap=True)
    bad = 0
    for found in examine(place):
        cure = f"  → {found.cure}" if found.cure else ""
        line = f"{found.state:<5} {found.about}: {found.said}{cure}"
        console.print(line, markup=False, style={"bad": "red", "note": "yellow"}.get(found.state))
        bad += found.state == "bad"
    if bad:
        raise Stop(f"{bad} of these need somebody.", 1)


@app.command(epilog="Example: bookbag sandbox --port 8000 --faults 0.1")
def sandbox(
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 8000,
    speed: Annotated[float, typer.Option(min=0.0, help="Seconds of the shop in one.")] = 1.0,
    faults: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of bad answers.")] = 0.0,
    orders: Annotated[
        int | None, typer.Option(min=1, help="Orders of its 15 months; default: 40,000.")
    ] = None,
    tickets: Annotated[
        int | None, typer.Option(min=1, help="Tickets of its 15 months; default: 5,000.")
    ] = None,
) -> None:
    """The sample shop, living on, behind the APIs of the vendors; until interrupted."""
    from bookbag_orchestration.sandbox import SandboxError, serve

    try:
        serve(port, orders, tickets, speed=speed, faults=faults, say=Console().print)
    except SandboxError as error:
        raise Stop(str(error), 1) from None


@quarantine_app.callback(epilog="Example: bookbag quarantine --source support")
def quarantine(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only this source's rows.")] = None,
    format: Annotated[Format, typer.Option(help="How to print it.")] = "table",
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Quarantined rows with file, line, column and reason."""
    if context.invoked_subcommand is not None:
        return
    settle(config, home)
    from bookbag_orchestration.screens import ScreenError, quarantine_table

    try:
        quarantine_table(workplace_of_call(), source).write(sys.stdout, format)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None


@quarantine_app.command(epilog="Example: bookbag quarantine retry --source support")
def retry(
    source: Annotated[str | None, typer.Option(help="Only this source's files.")] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Read the files of quarantined rows again; `bookbag run` then builds on them."""
    settings = settle(config, home)
    from bookbag_orchestration.screens import ScreenError, quarantined_files

    place = workplace_of_call()
    try:
        files = quarantined_files(place, source)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None
    if not files:
        Console().print("Nothing is quarantined.")
        return
    write_environment(Settings(settings.home, settings.config, settings.as_of, reread=files))
    place = workplace_of_call()
    from bookbag_orchestration.resources import Progress
    from bookbag_orchestration.runs import run_pipeline
    from bookbag_orchestration.screens import step_line

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    outcome = run_pipeline(place, Progress(lambda *told: console.print(step_line(*told))), "ingest")
    if not outcome.is_done:
        raise Stop("\n".join(outcome.failures), 1)


@app.command(
    epilog="Example: bookbag detect --series daily.parquet --calendar days.csv --out flags.parquet"
)
def detect(
    series: Annotated[
        Path,
        typer.Option(help="Parquet: series_id, kind, bucket, value, numerator, denominator, sd."),
    ],
    calendar: Annotated[Path, typer.Option(help="CSV: name, kind, starts_on, ends_on.")],
    out: Annotated[Path, typer.Option(help="Parquet: series_id, bucket, score, rule.")],
    freq: Annotated[Literal["D", "H"], typer.Option(help="Days or hours.")] = "D",
) -> None:
    """Walk the anomaly detector over series in a file; writes the buckets that are not normal."""
    import pyarrow.parquet as pq

    from expectations.anomalies.series_file import (
        SeriesError,
        read_calendar,
        read_series,
    )
    from expectations.anomalies.series_file import detect as walk

    try:
        read, known = read_series(series, freq), read_calendar(calendar)
    except SeriesError as error:
        raise Stop(str(error), 2) from None
    flags = walk(read, known, freq)
    pq.write_table(flags, out)
    found = len(flags["series_id"].unique())
    print(f"{len(flags):,} buckets of {found:,} series are not normal: {out}")


@report_app.command(epilog="Example: bookbag report weekly --period 2026-W46")
def weekly(
    period: Annotated[str | None, typer.Option(help="ISO week; default: the last one.")] = None,
    deliver: DeliverOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """The weekly summary from the published copy: page, PDF, workbook, data and mail."""
    from reports.periods import WEEKLY

    _report(WEEKLY, period, config, home, deliver=deliver)


@report_app.command(epilog="Example: bookbag report monthly --period 2026-10")
def monthly(
    period: Annotated[str | None, typer.Option(help="Month; default: the last one.")] = None,
    deliver: DeliverOption = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """The monthly summary from the published copy: page, PDF, workbook, data and mail."""
    from reports.periods import MONTHLY

    _report(MONTHLY, period, config, home, deliver=deliver)


def _report(
    rhythm: Rhythm, period: str | None, config: Path | None, home: Path | None, *, deliver: bool
) -> None:
    settle(config, home)
    from bookbag_orchestration.report_delivery import deliver_now
    from bookbag_orchestration.screens import ScreenError, published_copy
    from reports.errors import PeriodError, ReportError
    from reports.files import write_report

    place = workplace_of_call()
    try:
        with published_copy(place) as connection:
            written = write_report(connection, place.reports, rhythm, period)
    except ScreenError as error:
        raise Stop(str(error), error.code) from None
    except PeriodError as error:
        raise Stop(str(error), 2) from None
    except ReportError as error:
        raise Stop(str(error), 1) from None
    for file in written.files:
        print(file)
    for lack in written.lacks:
        print(f"bookbag report: {lack}", file=sys.stderr)
    if deliver:
        delivered = deliver_now(place, written)
        if delivered.error:
            raise Stop(delivered.error, delivered.code)
        print(delivered.said)


def _check_owner(place: Workplace) -> None:
    from bookbag_orchestration.config import ConfigError
    from bookbag_orchestration.resources import WarehouseBusyError

    try:
        place.check_owner(lambda text: print(f"bookbag {text}", file=sys.stderr))
    except ConfigError as error:
        raise Stop(str(error), 2) from None
    except WarehouseBusyError as error:
        raise Stop(str(error), 1) from None
