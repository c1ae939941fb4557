"""A source of bookbag.toml read to its end: what it is told, and what is noted when it is done.

The same for a step of a job and for a watch that asks again and again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bookbag_orchestration import sandbox
from bookbag_orchestration.account import record_sync
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import AnySource, ApiSource
from bookbag_orchestration.settings import read_secrets
from ingestion import SOURCES, VENDORS
from ingestion.api import ApiSpec, Patience
from ingestion.errors import IngestError
from ingestion.pipeline import Loaded, build, load
from ingestion.run import SourceRun, Sync
from ingestion.sample.story import SampleSpec


def shape(place: Workplace, source: AnySource) -> Any:
    """The dlt source as it is before anything is read: its tables."""
    epoch = datetime.fromtimestamp(0, UTC)
    return SOURCES[source.kind](source.spec(place.config.base), _run(place, source, epoch))


def sync(
    place: Workplace, source: AnySource, now: datetime, patience: Patience | None = None
) -> Loaded:
    """Lands what the source has since its last sync. Raises IngestError, and UnavailableError where
    to ask again may help.
    """
    make: Callable[..., Any] = SOURCES[source.kind]
    pipeline = build(source.name, place.warehouse, place.working(source.name))
    run, spec = _run(place, source, now), _spec(place, source, patience or Patience())
    if not isinstance(source, ApiSource):
        return load(pipeline, lambda: make(spec, run), run)
    # What opens the file while it is open shares it: else each of some forty openings reads its
    # catalogue anew.
    with place.connect() as connection:
        loaded = load(pipeline, lambda: make(spec, run), run)
        if not loaded.is_behind:
            record_sync(connection, source.name, run.now)
    return loaded


def check_whole(source: AnySource, loaded: Loaded) -> None:
    """Raises IngestError where a table has not been read to its end yet."""
    if loaded.is_half:
        raise IngestError(
            f"source {source.name}: the first load was not done in its time (`sync_minutes`)."
            " What it has landed stays; run again, it goes on from there. Nothing is built on"
            " half a history."
        )


def told(loaded: Loaded) -> str:
    """What a sync brought, in words."""
    words = [f"{loaded.total:,} new rows"]
    if loaded.quarantined:
        words.append(f"{loaded.quarantined:,} set aside")
    if loaded.refused:
        words.append(f"not offered: {' '.join(loaded.refused)}")
    if loaded.is_behind:
        words.append("not done, the next sync goes on from here")
    return ", ".join(words)


def _run(place: Workplace, source: AnySource, now: datetime) -> SourceRun:
    seconds = source.sync_minutes * 60 if isinstance(source, ApiSource) else None
    return SourceRun(
        warehouse=place.warehouse,
        scratch=place.working(source.name) / "scratch",
        now=now,
        reread=place.settings.reread,
        reread_all=place.settings.full_refresh,
        reread_since=_midnight(place.settings.since, source.timezone),
        sync=Sync(seconds=seconds),
    )


def _spec(place: Workplace, source: AnySource, patience: Patience) -> Any:
    given = source.spec(place.config.base)
    if isinstance(given, ApiSpec):
        keys = {key for keys in VENDORS[source.kind].secrets for key in keys}
        given = replace(given, secrets=read_secrets(source.name, keys), patience=patience)
        return sandbox.settled(given, place.config)
    if isinstance(given, SampleSpec):
        kinds = {other.name: other.kind for other in place.config.sources}
        return replace(given, helpdesk=kinds.get(source.ids_of or "", ""))
    return given


def _midnight(day: date | None, timezone: str) -> datetime | None:
    return datetime.combine(day, time(), ZoneInfo(timezone)) if day else None
