"""A watch over a shop that lives on: what happens is followed to the copy, and to it alone."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from bookbag_orchestration import landing
from bookbag_orchestration.borders import Border, marts
from bookbag_orchestration.history import History
from bookbag_orchestration.live_pass import CheckError, Followed, LivePasses
from bookbag_orchestration.publishing import FOLLOWED, LIVE, STEM
from bookbag_orchestration.resources import LOOK_WAIT_S, Workplace, workplace
from bookbag_orchestration.sections import AnySource
from bookbag_orchestration.watch import Watch, WatchError
from expectations.suites import Failure, Suite
from ingestion.api import Patience
from ingestion.errors import UnavailableError
from ingestion.pipeline import Loaded
from ingestion.sample import SampleSpec, build_shop
from ingestion.sandbox.app import create_app
from ingestion.sandbox.clock import FrozenClock
from ingestion.sandbox.serve import running
from ingestion.sandbox.world import World
from tests.support import bookbag, published

pytestmark = pytest.mark.slow

# Something happens in each half day of this shop. First three of them pass, then one at a time.
DAYS, HALF_DAY = 45, timedelta(hours=12)
FOLLOWED_FOR = 9 * HALF_DAY
CONFIG = """
[account]
id = "acme"
timezone = "America/New_York"

[[source]]
name = "support"
kind = "gorgias"
url = "{base}/gorgias"

[[source]]
name = "store"
kind = "woocommerce"
url = "{base}/woocommerce"
"""
SECRETS = {"SUPPORT__EMAIL": "x", "SUPPORT__API_KEY": "x", "STORE__CONSUMER_KEY": "x",
           "STORE__CONSUMER_SECRET": "x"}  # fmt: skip


@dataclass
class Shop:
    """What the sandbox serves, up to its clock, and the account that reads it."""

    place: Workplace
    tables: dict[str, pa.Table]
    clock: FrozenClock
    watches: int = 0
    checked: list[tuple[str, int]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.place.home

    def watch(self) -> tuple[dict[str, int], list[Followed]]:
        """A watch of one round: rows that landed by source, and the passes."""
        self.watches += 1
        landed: dict[str, int] = {}
        passes: list[Followed] = []

        def brought(source: AnySource, loaded: Loaded) -> None:
            landed[source.name] = landed.get(source.name, 0) + loaded.total

        def checked(border: Border, found: Sequence[Failure]) -> None:
            self.checked.append((border.name, len(found)))

        run_id = f"watch{self.watches}"
        live = LivePasses(self.place, run_id, "sync", checked)
        with self.place.history.run(run_id, "sync"):
            Watch(self.place, live, lambda: True, brought, passes.append).run()
        return landed, passes

    def created(self, after: datetime, until: datetime) -> set[datetime]:
        """When tickets came to be in this time, by the shop's own books; of two that were merged
        Gorgias keeps one.
        """
        tickets = self.tables["tickets"]
        at = tickets["created_at"]
        mine = pc.and_(pc.greater(at, after), pc.less_equal(at, until))
        events = self.tables["ticket_events"]
        merged = events.filter(pc.equal(events["event_type"], "merged_into"))["ticket_id"]
        mine = pc.and_(mine, pc.invert(pc.is_in(tickets["ticket_id"], value_set=merged)))
        return {
            each.replace(microsecond=0) for each in tickets.filter(mine)["created_at"].to_pylist()
        }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("live")
    with living(folder) as found:
        yield found


@contextmanager
def living(folder: Path) -> Iterator[Shop]:
    now = datetime.now(UTC)
    first = now.date() - timedelta(days=DAYS)
    spec = SampleSpec(starts_on=first, ends_on=now.date(), orders=900, tickets=400)
    tables = build_shop(spec, now=now)
    clock = FrozenClock(now - FOLLOWED_FOR)
    with (
        pytest.MonkeyPatch.context() as patch,
        running(create_app(World.of(tables), clock, limits=False)) as base,
    ):
        for name, value in SECRETS.items():
            patch.setenv(f"SOURCES__{name}", value)
        (folder / "bookbag.toml").write_text(CONFIG.format(base=base))
        bookbag("run", "--config", folder / "bookbag.toml", "--home", folder / "home")
        yield Shop(workplace(), tables, clock)


def differing(shop: Shop, *names: str) -> list[str]:
    """Tables of the copy that are not the warehouse's, row for row."""
    found = []
    with duckdb.connect(str(shop.home / "published" / f"{STEM}.duckdb"), read_only=True) as copy:
        copy.execute(f"attach '{shop.place.warehouse}' as warehouse (read_only)")
        for name in names:
            here = (
                f"select * exclude (synced_at, is_late) from {name}"
                if "freshness" in name
                else (f"from {name}")
            )
            (count,) = copy.execute(
                f"select count(*) from (({here} except all from warehouse.{name})"
                f" union all (from warehouse.{name} except all {here}))"
            ).fetchone() or (-1,)
            if count:
                found.append(name)
    return found


def test_what_happens_is_followed_to_the_copy(shop: Shop) -> None:
    before = shop.clock.now()
    shop.clock.advance(3 * HALF_DAY)
    until = shop.clock.now()
    landed, passes = shop.watch()
    assert landed["support"] > 0 and landed["store"] > 0
    assert len(passes) == 1
    new = shop.created(before, until)
    assert len(new) > 3
    there = published(
        shop.home, "select created_at from core.fct_tickets where created_at > ?", before
    )
    assert {at for (at,) in there} >= new
    counted = published(
        shop.home,
        "select sum(value) from marts.kpi_values where kpi = 'tickets_created' and stat = 'count'"
        " and grain = 'hour' and handling = 'all' and channel = 'all' and category = 'all'"
        " and team = 'all' and customer_segment = 'all'"
        " and period_start >= timezone('America/New_York', ?::timestamptz)",
        before.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1),
    )
    countable = published(
        shop.home,
        "select count(*) from core.fct_tickets where is_countable and created_at >= ?",
        before.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1),
    )
    assert counted == [(float(countable[0][0]),)] and countable[0][0] > 0
    assert differing(shop, *FOLLOWED, *(f"marts.{name}" for name in LIVE)) == []
    assert shop.checked[-3:] == [
        ("landing_is_sound", 0), ("landing_is_sound", 0), ("marts_are_sound", 0),
    ]  # fmt: skip


def test_its_latency_is_measured_and_kept(shop: Shop) -> None:
    rows = published(
        shop.home,
        "select step, subject, state, latency_s from marts.pipeline_runs"
        " where run_id = 'watch1#1' order by started_at, step",
    )
    assert [(step, subject) for step, subject, *_ in rows if step != "run"] == [
        ("check", "store"), ("check", "support"), ("transform", "all"), ("check", "marts"),
        ("alert", "all"), ("publish", "all"),
    ]  # fmt: skip
    told = History(shop.home / "runs").rows()
    (latency,) = [row[10] for row in told if row[0] == "watch1#1" and row[1] == "publish"]
    # Three half days have passed of those that are followed, and what happened was seen by now.
    longest = FOLLOWED_FOR.total_seconds()
    assert longest - 3 * HALF_DAY.total_seconds() < latency < longest + 720


def test_the_queue_page_is_that_of_the_newest_pass(shop: Shop) -> None:
    waiting = {ticket for (ticket,) in published(
        shop.home, "select ticket_id from marts.live_queue where state in ('new', 'open')"
    )}  # fmt: skip
    assert waiting
    for folder in ("", "team"):
        assert in_page(shop.home / "site" / folder / "queue.html", "waiting") == waiting
    told = {row[2]: row for row in History(shop.home / "runs").rows() if row[0] == "watch1"}
    assert told["dashboard"][4] == "done"


def in_page(path: Path, query: str) -> set[str]:
    """Ids of tickets of a query of a page."""
    packed = path.read_text().partition('id="page">')[2].partition("<")[0]
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    held = data["columns"][data["queries"][query]["by"][""]["ticket_id"]]
    return set(held["words"] if isinstance(held, dict) else held)


def test_a_page_that_fails_is_told_and_keeps_no_pass_back(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "broken.md").write_text("```sql q\nselect nothing\n```\n<DataTable data={q}/>\n")
    shop.clock.advance(HALF_DAY)
    place = shop.place
    reports = place.config.reports.model_copy(update={"pages": str(tmp_path)})
    shop.place = replace(place, config=place.config.model_copy(update={"reports": reports}))
    try:
        _, passes = shop.watch()
    finally:
        shop.place = place
    assert len(passes) == 1
    rows = [row for row in History(shop.home / "runs").rows() if row[0] == f"watch{shop.watches}"]
    (told,) = [row for row in rows if row[2] == "dashboard"]
    assert told[4] == "failed" and "broken.md:1: query 'q' fails" in told[12]
    waiting = published(
        shop.home, "select ticket_id from marts.live_queue where state in ('new', 'open')"
    )
    assert in_page(shop.home / "site" / "queue.html", "waiting") == {row[0] for row in waiting}


def test_where_nothing_happens_nothing_is_built(shop: Shop) -> None:
    # What has just come is looked at once more, since a source may have been asked before it.
    shop.watch()
    copy = shop.home / "published" / f"{STEM}.duckdb"
    was = copy.stat().st_mtime_ns
    landed, passes = shop.watch()
    assert (landed, passes) == ({"support": 0, "store": 0}, [])
    assert copy.stat().st_mtime_ns == was


def test_a_pass_that_was_cut_short_is_made_good_by_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.clock.advance(HALF_DAY)
    with monkeypatch.context() as patch:
        patch.setattr(
            "bookbag_orchestration.live_pass.bring_up_to_date",
            lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            shop.watch()
    assert "core.fct_tickets" in differing(shop, "core.fct_tickets")
    _, passes = shop.watch()
    assert len(passes) == 1
    names = (
        *FOLLOWED,
        *(f"marts.{name}" for name in LIVE),
        "core.dim_customers",
        "marts.scorecard",
    )
    assert differing(shop, *names) == []


def test_the_next_whole_run_makes_what_was_left_to_it(shop: Shop) -> None:
    said = bookbag("run", "--config", shop.place.settings.config, "--home", shop.home)
    assert "nothing new" not in said
    again = bookbag("run", "--config", shop.place.settings.config, "--home", shop.home)
    assert "nothing new since the last publication" in again


def test_a_source_that_is_away_keeps_no_other_from_being_followed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__STORE__CONSUMER_SECRET", "")
    with pytest.raises(WatchError, match="store"):
        shop.watch()
    assert shop.place.history.failed_steps(f"watch{shop.watches}") == [("ingest", "store")]
    monkeypatch.undo()


def test_what_a_watch_before_has_landed_and_not_followed_is_judged(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.clock.advance(HALF_DAY)
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "_is_to_follow", lambda self: False)
        landed, _ = shop.watch()
    assert landed["support"] > 0
    shop.checked.clear()
    _, passes = shop.watch()
    assert len(passes) == 1
    assert [name for name, _ in shop.checked].count("landing_is_sound") == 2


def test_a_source_that_stays_away_is_one_fault_from_watch_to_watch(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, patiences = landing.sync, []

    def away(place: Workplace, source: AnySource, now: datetime, patience: Patience) -> Loaded:
        if source.name == "store":
            patiences.append(patience)
            raise UnavailableError("source store: it does not answer.")
        return sync(place, source, now, patience)

    with monkeypatch.context() as patch:
        patch.setattr(landing, "sync", away)
        shop.watch()
        assert shop.place.faults() == []
        with pytest.raises(WatchError, match="store"):
            shop.watch()
        (fault,) = shop.place.faults()
        # Asked once more, and not yet failed once more.
        shop.watch()
        assert shop.place.faults() == [fault]
    # Whoever looks at the warehouse meanwhile must not give up sooner than the watch does.
    given = patiences[0]
    longest_s = given.attempts * given.timeout_s + (given.attempts - 1) * given.pause_s
    assert longest_s < LOOK_WAIT_S
    shop.watch()
    assert shop.place.faults() == []


def test_half_a_history_is_followed_by_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.clock.advance(HALF_DAY)
    with monkeypatch.context() as patch:
        patch.setattr(History, "last_done", lambda *_: None)
        landed, passes = shop.watch()
    assert landed["support"] > 0
    assert passes == []
    assert len(shop.watch()[1]) == 1


def test_figures_that_were_refused_are_all_judged_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next pass makes a part of them anew, and would publish all."""
    asked: list[bool] = []

    def noted(*, is_live: bool) -> Border:
        asked.append(is_live)
        return marts(is_live=is_live)

    def refusing(_: duckdb.DuckDBPyConnection, suites: Sequence[Suite]) -> list[Failure]:
        is_refused = any(suite.name == "kpi_values" for suite in suites)
        return [Failure("kpi_values", "figures repeat", "kpi", [])] if is_refused else []

    shop.clock.advance(HALF_DAY)
    with monkeypatch.context() as patch:
        patch.setattr("bookbag_orchestration.live_pass.marts", noted)
        patch.setattr("bookbag_orchestration.live_pass.failures", refusing)
        for _ in range(2):
            with pytest.raises(CheckError, match="figures repeat"):
                shop.watch()
    assert asked[1] is False
    assert len(shop.watch()[1]) == 1


def test_what_a_check_refuses_is_not_built_upon(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shop.home / "published" / f"{STEM}.duckdb"
    was = copy.read_bytes()
    shop.clock.advance(HALF_DAY)
    refusal = [Failure("support", "keys repeat", "_key", [])]
    monkeypatch.setattr("bookbag_orchestration.live_pass.failures", lambda *_: refusal)
    with pytest.raises(CheckError, match="keys repeat"):
        shop.watch()
    assert copy.read_bytes() == was
    # Nothing more has landed; it is judged again all the same.
    with pytest.raises(CheckError, match="keys repeat"):
        shop.watch()


def test_a_build_that_did_not_end_well_is_followed_by_nothing(shop: Shop) -> None:
    shop.clock.advance(HALF_DAY)
    shop.place.forget_built()
    landed, passes = shop.watch()
    assert landed["support"] > 0
    assert passes == []
