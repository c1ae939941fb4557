"""One small shop that files and every vendor tell of, landed by the real pipeline and built.

It has ended, so that all have the same to say; the vendors are asked once, three days later.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from bookbag_orchestration.sections import Account, AnySource, ApiSource, Config, FilesSource
from ingestion import SOURCES
from ingestion.pipeline import build, load
from ingestion.run import SourceRun
from ingestion.sample.shop import build_shop, write_export
from ingestion.sample.story import SampleSpec
from ingestion.sandbox.app import create_app
from ingestion.sandbox.beside import beside
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.models import Model
from tests.source_support import Desk, Landed, built_over

SPEC = SampleSpec(starts_on=date(2026, 7, 1), ends_on=date(2026, 9, 30), orders=1500, tickets=250)
NOW = datetime(2026, 10, 4, 4, tzinfo=UTC)
ACCOUNT = Account(id="acme", timezone=SPEC.timezone, ai_launch_date=date(2026, 8, 1))


def shop() -> dict[str, pa.Table]:
    return build_shop(SPEC, now=NOW)


@dataclass(frozen=True)
class Vendors:
    """What each vendor's source has landed, and what lies beside each helpdesk, by kind."""

    landed: Mapping[str, Landed]
    offices: Mapping[str, Landed]

    def pair(self, helpdesk: str, store: str) -> tuple[Landed, Landed, Landed]:
        return (
            replace(self.landed[helpdesk], source="support"),
            replace(self.landed[store], source="store"),
            replace(self.offices[helpdesk], source="office", ids_of="support"),
        )


def ask_vendors(kinds: tuple[str, ...], folder: Path) -> Vendors:
    """One sync of each."""
    tables = shop()
    landed = {}
    with running(create_app(World.of(tables), FrozenClock(NOW), limits=False)) as base:
        for kind in kinds:
            desk = Desk(kind, f"{base}/{kind}", folder / kind, now=NOW)
            desk.sync(later=timedelta(0))
            landed[kind] = desk.landed
    offices = {
        kind: land_files("office", beside(tables, NOW, kind), folder / "beside" / kind)
        for kind in kinds
    }
    return Vendors(landed, offices)


def land_files(name: str, tables: Mapping[str, pa.Table], folder: Path) -> Landed:
    """The tables written as an export, and landed as the source `name`."""
    write_export(dict(tables), folder / name / "export")
    source = FilesSource(name=name, kind="files", path="export")
    warehouse = folder / name / "bookbag.duckdb"
    run = SourceRun(warehouse, folder / name / "scratch", NOW)
    spec = source.spec(folder / name)
    pipeline = build(name, warehouse, folder / name / "dlt")
    load(pipeline, lambda: SOURCES["files"](spec, run), run)
    return Landed(name, "files", warehouse, f"raw_{name}")


@contextmanager
def built(models: list[Model], *landed: Landed) -> Iterator[duckdb.DuckDBPyConnection]:
    """The models that `marts.kpi_values` and `marts.kpi_catalog` need, at NOW."""
    sources: list[AnySource] = [
        FilesSource(
            name=each.source,
            kind="files",
            path="export",
            start_date=SPEC.starts_on,
            ids_of=each.ids_of,
        )
        if each.kind == "files"
        else ApiSource(
            name=each.source, kind=each.kind, url="http://127.0.0.1", start_date=SPEC.starts_on
        )
        for each in landed
    ]
    config = Config(base=Path(), account=ACCOUNT, sources=tuple(sources), as_of=NOW)
    needed = ("kpi_values", "kpi_catalog")
    wanted = [m for m in models if m.schema != "marts" or m.name in needed]
    with built_over(wanted, config, *landed) as found:
        yield found
