"""What all API sources share: passes, sweeps, what is read again, and what is not done in time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.api import Api, ApiSpec, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.pipeline import Loaded, build, load
from ingestion.run import SourceRun, Sync
from ingestion.streams import State, Stream, Vendor
from tests.source_support import Desk as VendorsDesk

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAGE = 2


@dataclass
class Desk:
    """A helpdesk without a network: tickets by the day of their change, each with one message.

    `asked`: the day from which on a call asked, and how many documents it got. `breaks_at`: which
    call of a sync fails.
    """

    folder: Path
    days: dict[str, int]
    texts: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)
    now: datetime = START + 100 * DAY
    breaks_at: int | None = None

    def _tickets(self, api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        first = max((api.spec.start_at or START) - START, timedelta()).days
        rows = [
            {"id": key, "day": day, "text": self.texts.get(key, "")}
            for key, day in sorted(self.days.items(), key=lambda pair: pair[1])
            if day > max(state.get("day", -1), first - 1)
        ]
        for place in range(0, len(rows) or 1, PAGE):
            page = rows[place : place + PAGE]
            if len(self.asked) + 1 == self.breaks_at:
                raise IngestError("the line is dead")
            self.asked.append((max(state.get("day", -1) + 1, first), len(page)))
            if page:
                state["day"] = page[-1]["day"]
            yield Page(page, is_last=place + PAGE >= len(rows))

    def _messages(self, api: Api, tickets: list[Document]) -> Iterator[list[Document]]:
        for ticket in tickets:
            yield [{"id": f"of {ticket['id']}", "text": self.texts.get(f"of {ticket['id']}", "")}]

    def _ids(self, api: Api, run: SourceRun) -> Iterator[list[str]]:
        yield [*self.days]

    def sync(self, later: timedelta = timedelta(hours=1), **settings: Any) -> Loaded:
        self.now += later
        self.asked.clear()
        since = settings.pop("since", None)
        run = SourceRun(
            self.folder / "bookbag.duckdb",
            self.folder / "scratch",
            self.now,
            reread_since=since,
            sync=Sync(**settings),
        )
        stream = Stream(
            "tickets",
            self._tickets,
            children={"messages": (self._messages, lambda message: message["id"])},
            ids=self._ids,
        )
        spec = ApiSpec("desk", "toy", "http://127.0.0.1:1")
        pipeline = build("desk", self.folder / "bookbag.duckdb", self.folder / "dlt")
        vendor = Vendor([stream], Api, address="", secrets=())
        return load(pipeline, lambda: vendor.source(spec, run), run)

    def texts_of(self, table: str) -> dict[str, str]:
        """The newest text of each document that is not gone."""
        with duckdb.connect(str(self.folder / "bookbag.duckdb")) as connection:
            rows = connection.execute(
                f"""select _key, arg_max(payload ->> 'text', (_dlt_load_id, _order))
                from raw_desk.{table} group by _key
                having not arg_max(_is_deleted, (_dlt_load_id, _order))"""
            ).fetchall()
        return dict(rows)

    def rows(self, table: str) -> int:
        with duckdb.connect(str(self.folder / "bookbag.duckdb")) as connection:
            found = connection.execute(f"select count(*) from raw_desk.{table}").fetchone()
        assert found is not None
        return int(found[0])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Today is day 100; what changed since day 65 is read again once a day."""
    return Desk(tmp_path, {"old": 10, "older": 20, "late": 80, "new": 90, "newest": 99})


def test_a_change_that_the_cursor_misses_is_found_within_a_day(desk: Desk) -> None:
    assert desk.sync().rows == {"tickets": 5, "messages": 5}
    desk.texts |= {"late": "changed in silence", "old": "too long ago"}
    assert desk.sync().total == 0
    assert desk.asked == [(100, 0)]
    assert desk.sync(DAY).rows == {"tickets": 1}
    assert desk.texts_of("tickets") == {
        "old": "", "older": "", "late": "changed in silence", "new": "", "newest": "",
    }  # fmt: skip
    # What is new, then from day 101 - 35 on as if for the first time.
    assert desk.asked == [(100, 0), (66, 2), (91, 1)]
    assert desk.sync().total == 0
    assert desk.asked == [(100, 0)]


def test_a_time_is_read_again_beside_the_increment(desk: Desk) -> None:
    desk.sync()
    desk.texts |= {"of older": "a message that changed without its ticket", "of late": "this too"}
    desk.days["hot"] = 100
    loaded = desk.sync(since=START + 15 * DAY)
    assert loaded.rows == {"tickets": 1, "messages": 3}
    assert desk.texts_of("messages")["of older"] == "a message that changed without its ticket"
    assert desk.texts_of("messages")["of late"] == "this too"
    assert desk.rows("tickets") == 6
    assert desk.asked == [(100, 1), (15, 2), (81, 2), (100, 1)]


def test_what_is_read_again_goes_on_where_it_was_cut_short(desk: Desk) -> None:
    desk.sync()
    desk.texts |= dict.fromkeys(desk.days, "changed")
    desk.breaks_at = 3
    with pytest.raises(IngestError, match="the line is dead"):
        desk.sync(since=START, documents=1)  # each page is committed
    assert desk.asked == [(100, 0), (0, 2)]
    assert {key for key, text in desk.texts_of("tickets").items() if text} == {"old", "older"}
    desk.breaks_at = None
    desk.sync()  # nobody has to ask for it again
    assert desk.asked == [(100, 0), (21, 2), (91, 1)]
    assert set(desk.texts_of("tickets").values()) == {"changed"}
    assert desk.rows("tickets") == 10


def test_half_a_first_load_says_so(desk: Desk) -> None:
    loaded = desk.sync(seconds=0)
    assert loaded.is_behind
    assert loaded.is_half
    assert not desk.sync().is_half
    desk.days["hot"] = 100
    loaded = desk.sync(seconds=0)
    assert loaded.is_behind
    assert not loaded.is_half


def test_what_is_gone_is_found_within_a_week(desk: Desk) -> None:
    desk.sync()
    del desk.days["old"]
    desk.sync(6 * DAY)
    assert "old" in desk.texts_of("tickets")
    desk.sync(DAY)
    assert "old" not in desk.texts_of("tickets")


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("zendesk", {"email": "me@shop.example"},
         "OAUTH_TOKEN, or SOURCES__DESK__EMAIL and SOURCES__DESK__API_TOKEN"),
        ("chatwoot", {}, "DATABASE_URL, or SOURCES__DESK__API_ACCESS_TOKEN"),
    ],
)  # fmt: skip
def test_secrets_that_are_missing_are_named_in_every_way_that_does(
    kind: str, given: dict[str, str], wanted: str, tmp_path: Path
) -> None:
    desk = VendorsDesk(kind, "http://127.0.0.1:1", tmp_path, secrets=given)
    with pytest.raises(IngestError) as raised:
        desk.sync()
    assert f"Set SOURCES__DESK__{wanted} in the environment" in str(raised.value)
