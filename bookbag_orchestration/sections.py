"""The sections of bookbag.toml: what each may hold, and what a source becomes of it."""

import re
from abc import ABC, abstractmethod
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from ingestion import VENDORS
from ingestion.api import ApiSpec
from ingestion.export.folder import FilesSpec, TableMapping
from ingestion.sample.story import SampleSpec
from reports.channels import is_address

SANDBOX = "sandbox"
"""The `url` of a source that is the sample shop, served in the shape of the source's kind."""
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS = get_args(Weekday)


def known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(
            f"the time zone {name!r} is unknown; name one as the IANA does, such as Europe/Rome"
        ) from None
    return name


def as_instant(value: Any) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"{value} has no offset; write it as 2026-11-20T00:00:00-05:00")
    return value


def _clock(value: Any) -> Any:
    return value.strftime("%H:%M") if isinstance(value, time) else value


def _address(url: str) -> str:
    if url != SANDBOX and not re.match(r"https?://[^/\s]+", url):
        raise ValueError(
            f"write the whole address, as https://acme.example, or {SANDBOX!r} for the sample shop"
        )
    return url


def _database(url: str) -> str:
    if not re.match(r"postgres(ql)?://", url):
        raise ValueError("write it as postgresql://user:password@host:5432/database")
    return url


def _receiver(value: str) -> str:
    if not is_address(value.strip()):
        raise ValueError(
            "write a mail address, or an address of Apprise's such as slack://… or jsons://…"
        )
    return value


Receiver = Annotated[str, AfterValidator(_receiver)]
Zone = Annotated[str, AfterValidator(known_zone)]
Instant = Annotated[datetime, BeforeValidator(as_instant)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
Nulls = list[str] | dict[str, list[str]]


class Section(BaseModel):
    """A table of the file; keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(Section):
    """Whose numbers these are; `timezone` is the reporting zone, `country` the one whose public
    holidays are days of the calendar, by default the zone's.
    """

    id: str = Field(min_length=1)
    timezone: Zone = "UTC"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    week_start: Weekday = "monday"
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    ai_launch_date: date | None = None
    ai_coverage_complete_from: date | None = None

    @property
    def first_weekday(self) -> int:
        """1 = Monday … 7 = Sunday."""
        return WEEKDAYS.index(self.week_start) + 1

    @property
    def home_country(self) -> str | None:
        return self.country or countries().get(self.timezone)


@cache
def countries() -> dict[str, str]:
    """The country of each time zone that is of one, by the zone database."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


class FileFormat(Section):
    """The settings that a source of files and each of its tables share."""

    datetime_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    nulls: Nulls | None = None
    snapshot: bool | None = None

    def shared(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in FileFormat.model_fields}
        if isinstance(self.nulls, dict):
            values["nulls"] = {column: tuple(words) for column, words in self.nulls.items()}
        elif self.nulls is not None:
            values["nulls"] = tuple(self.nulls)
        return values


class Table(FileFormat):
    """How one table of a source differs from the export format."""

    file: str | None = None
    columns: dict[str, str] = {}
    constants: dict[str, str | bool | int | float] = {}
    values: dict[str, dict[str, str]] = {}
    rows: dict[str, str] = {}


class Source(Section, ABC):
    """What every kind of source has.

    `ids_of` names the source whose tickets, agents and customers the rows of this one tell of.
    """

    name: Identifier
    kind: str
    timezone: Zone = "UTC"
    start_date: date | None = None
    ids_of: Identifier | None = None

    @abstractmethod
    def spec(self, base: Path) -> Any:
        """What the source function of this kind is given; paths are relative to `base`."""


class FilesSource(Source, FileFormat):
    kind: Literal["files"]
    path: str
    tables: dict[str, Table] = {}

    def spec(self, base: Path) -> FilesSpec:
        is_url = "://" in self.path
        tables = {
            name: TableMapping(
                file=table.file,
                columns=table.columns,
                constants=table.constants,
                values=table.values,
                rows=table.rows,
                **table.shared(),
            )
            for name, table in self.tables.items()
        }
        return FilesSpec(
            name=self.name,
            path=self.path if is_url else (base / self.path).resolve(),
            timezone=self.timezone,
            start_date=self.start_date,
            tables=tables,
            **self.shared(),
        )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for pattern in (p for table in self.tables.values() for p in table.rows.values()):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return self


class SampleSource(Source):
    """The sample shop: `seed` and size; `start_date` and `end_date` fix its span."""

    kind: Literal["sample"]
    timezone: Zone = "America/New_York"
    seed: int = SampleSpec.seed
    orders: int = Field(default=SampleSpec.orders, ge=1)
    tickets: int = Field(default=SampleSpec.tickets, ge=1)
    end_date: date | None = None

    def spec(self, base: Path) -> SampleSpec:
        return SampleSpec(
            name=self.name,
            seed=self.seed,
            starts_on=self.start_date,
            ends_on=self.end_date,
            orders=self.orders,
            tickets=self.tickets,
            timezone=self.timezone,
            is_beside=self.ids_of is not None,
        )


class ApiSource(Source):
    """A vendor's API, at `url` or at the vendor's address of `subdomain`; `url` may be SANDBOX.

    A sync that is not done after `sync_minutes` lets the others have their turn, and goes on next
    time. Between two ticks it is asked again `poll_seconds` after its last answer, by default as
    its vendor's limits allow.
    """

    url: Annotated[str, AfterValidator(_address)] | None = None
    subdomain: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")
    sync_minutes: float = Field(default=60, gt=0)
    poll_seconds: float | None = Field(default=None, gt=0)

    def spec(self, base: Path) -> ApiSpec:
        address = VENDORS[self.kind].address.format(subdomain=self.subdomain)
        start = self.start_date
        return ApiSpec(
            name=self.name,
            kind=self.kind,
            url=(self.url or address).rstrip("/"),
            start_at=datetime.combine(start, time(), ZoneInfo(self.timezone)) if start else None,
        )

    @property
    def pace_s(self) -> float:
        return self.poll_seconds or VENDORS[self.kind].pace_s

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        address = VENDORS[self.kind].address
        if self.url is None and not address:
            raise ValueError("`url` is missing: the address of your own, with https")
        if self.url is None and self.subdomain is None and "{" in address:
            raise ValueError("`subdomain` is missing: the name in front of the vendor's address")
        return self


AnySource = FilesSource | SampleSource | ApiSource


class Delivery(Section):
    """When a scheduled report is made, in the account's zone, and who gets it."""

    at: Annotated[str, BeforeValidator(_clock), Field(pattern=f"^{_CLOCK}$")] = "07:00"
    to: list[Receiver] = []


class WeeklyDelivery(Delivery):
    """`day`: the first such weekday from the end of the week on."""

    day: Weekday = "monday"


class MonthlyDelivery(Delivery):
    """`day`: of the month after; one that it lacks is its last."""

    day: int = Field(default=1, ge=1, le=31)


class Reports(Section):
    weekly: WeeklyDelivery = WeeklyDelivery()
    monthly: MonthlyDelivery = MonthlyDelivery()
    pages: str | None = None

    @property
    def deliveries(self) -> dict[str, Delivery]:
        return {"weekly": self.weekly, "monthly": self.monthly}


class Publish(Section):
    """`postgres`: the address of a database of the account's own, which the tables go to too."""

    postgres: Annotated[str, AfterValidator(_database)] | None = None


class Schedules(Section):
    """Cron expressions by schedule, in the account's zone. The hourly one, which keeps the sync
    waiting, comes shortly before one.
    """

    sync: str = "*/5 * * * *"
    hourly: str = "58 * * * *"
    daily: str = "15 2 * * *"


class Alerts(Section):
    """Who is told of incidents: addresses of Apprise's, or mail addresses; `owners` are told
    instead where an incident is theirs. Within `quiet`, in the account's zone, only what is
    critical is told; changes for the better once a day, at `digest`.
    """

    to: list[Receiver] = []
    owners: dict[str, list[Receiver]] = {}
    quiet: Annotated[str, Field(pattern=rf"^{_CLOCK}-{_CLOCK}$")] | None = None
    digest: Annotated[str, BeforeValidator(_clock), Field(pattern=f"^{_CLOCK}$")] = "08:00"

    @field_validator("quiet")
    @classmethod
    def _is_a_part_of_the_day(cls, quiet: str | None) -> str | None:
        begin, _, end = (quiet or "00:00-24:00").partition("-")
        if begin == end:
            raise ValueError("it begins when it ends: nobody would be told anything")
        return quiet

    @property
    def quiet_hours(self) -> tuple[time, time] | None:
        if self.quiet is None:
            return None
        begin, _, end = self.quiet.partition("-")
        return time.fromisoformat(begin), time.fromisoformat(end)


class Mail(Section):
    """The server that mail to `lead@acme.example` goes by: an address of Apprise's such as
    `mailtos://user:password@smtp.acme.example?from=bookbag@acme.example`.
    """

    server: Annotated[str, Field(pattern="^mailtos?://")] | None = None


class AssumeHours(Section):
    sync: float = Field(default=24, gt=0)
    async_: float = Field(default=72, gt=0, alias="async")


class Definitions(Section):
    """Windows and sizes that the metric definitions leave to the account."""

    ai_assume_h: AssumeHours = AssumeHours()
    resolution_window_h: float = Field(default=168, gt=0)
    fcr_window_h: float = Field(default=48, gt=0, le=168)
    recontact_window_h: float = Field(default=48, gt=0, le=168)
    recommendation_window_d: float = Field(default=3, gt=0)
    churn_window_d: float | None = Field(default=None, gt=0)
    fte_hours: float = Field(default=8, gt=0, le=24)
    shrinkage: float = Field(default=0.30, ge=0, lt=1)
    min_n: int = Field(default=20, ge=1)


class KpiSettings(Section):
    """What an account says differently of one KPI."""

    owner: str | None = None
    protocol: str | None = None
    cadence: str | None = None
    good: float | None = None
    better: float | None = None
    best: float | None = None
    alert_below: float | None = None
    alert_above: float | None = None
    min_n: int | None = Field(default=None, ge=1)


class Config(Section):
    """The whole file; `base` is its folder."""

    base: Path
    account: Account
    sources: tuple[AnySource, ...]
    engine: Literal["duckdb", "spark"] = "duckdb"
    as_of: Instant | None = None
    reports: Reports = Reports()
    publish: Publish = Publish()
    schedules: Schedules = Schedules()
    alerts: Alerts = Alerts()
    mail: Mail = Mail()
    definitions: Definitions = Definitions()
    kpi: dict[str, KpiSettings] = {}

    def source(self, name: str) -> AnySource:
        return next(source for source in self.sources if source.name == name)
