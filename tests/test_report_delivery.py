"""Reports reach their receivers, each once; while a headline waits for a late source, none does."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pytest

from bookbag_orchestration.defs import report as defs
from bookbag_orchestration.deliveries import write_deliveries
from bookbag_orchestration.report_delivery import DELIVER_TAG, deliver_now
from bookbag_orchestration.report_requests import requested
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import Account, Alerts, Mail, Reports, WeeklyDelivery
from bookbag_orchestration.steps import reporting
from reports.files import Written, write_report
from reports.periods import WEEKLY
from reports.summary import build_summary
from tests.messages_support import Receivers, receivers
from tests.operations_support import calendar_of, utc, workplace_of
from tests.report_support import Shop, fill

EXEC, LEAD, OWNER = "exec@acme.example", "lead@acme.example", "ai@acme.example"
# The week 2026-W47 is due on Monday, 23 November, at 7.
NOW = utc("2026-11-24 10:00")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Written:
    with duckdb.connect() as connection:
        fill(Shop(connection))
        connection.execute("update marts.source_freshness set is_stale = false")
        return write_report(connection, tmp_path_factory.mktemp("fresh"), WEEKLY)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The helpdesk's data end a week earlier."""
    with duckdb.connect() as connection:
        fill(Shop(connection))
        return write_report(connection, tmp_path_factory.mktemp("late"), WEEKLY)


@pytest.fixture
def taken() -> Iterator[Receivers]:
    with receivers() as servers:
        yield servers


def account(folder: Path, *to: str, server: str | None = None) -> Workplace:
    """One whose weekly summary goes `to` people; who is told of incidents is the lead."""
    place = workplace_of(folder)
    changed = {
        "account": Account(id="acme", timezone="Europe/Berlin"),
        "reports": Reports(weekly=WeeklyDelivery(to=list(to))),
        "alerts": Alerts(to=[LEAD]),
        "mail": Mail(server=server),
    }
    return replace(place, config=place.config.model_copy(update=changed))


def test_each_receiver_gets_the_whole_mail_once(
    tmp_path: Path, taken: Receivers, fresh: Written
) -> None:
    place = account(tmp_path, EXEC, f"mailto://{LEAD}", taken.hook, server=taken.mail)
    first = deliver_now(place, fresh)
    assert (first.error, first.said) == (None, "2026-W47: sent to 3, 0 had it before")
    assert sorted(str(mail["To"]) for mail in taken.mails) == [EXEC, LEAD]
    for mail in taken.mails:
        assert mail["Subject"] == "Weekly support summary 2026-W47, acme & sons"
        assert mail["From"] == "bookbag@acme.example"
        html, text = mail.get_body(("html",)), mail.get_body(("plain",))
        assert html is not None and "4.41" in html.get_content()
        assert text is not None and "4.41 / 5" in text.get_content()
        pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        assert len(pictures) == 4
        names = [part.get_filename() for part in mail.iter_attachments()]
        assert names == [f"support-2026-W47.{kind}" for kind in ("pdf", "xlsx", "csv")]
    ((_, post),) = taken.posts
    assert post["title"].startswith("Weekly support summary 2026-W47")
    assert "CSAT: 4.41, +0.06, better than 4.35; target ≥ 4.30" in post["message"]
    assert len(post["message"]) < 1000  # what chat takes in one piece
    again = deliver_now(place, fresh)
    assert again.said == "2026-W47: sent to 0, 3 had it before"
    assert len(taken.mails) == 2 and len(taken.posts) == 1 and len(set(taken.keys)) == 3
    # Who is named later gets it, and nobody else again.
    assert deliver_now(account(tmp_path, EXEC, OWNER, server=taken.mail), fresh).error is None
    assert [str(mail["To"]) for mail in taken.mails[2:]] == [OWNER]


def test_a_report_whose_headline_waits_for_a_late_source_is_held_and_the_owner_told_once(
    tmp_path: Path, taken: Receivers, late: Written, fresh: Written
) -> None:
    place = account(tmp_path, EXEC, server=taken.mail)
    for _ in range(2):
        held = deliver_now(place, late)
        assert held.code == 1 and held.error is not None
        assert "2026-W47 is held and was sent to nobody" in held.error
    (told,) = taken.mails
    assert (told["To"], told["Subject"]) == (LEAD, "Weekly support summary 2026-W47 is held")
    said = " ".join(told.get_content().split())
    assert "gorgias is late (its data end on 16 November 2026, 00:00)" in said
    assert "CSAT, Deflection rate, First-contact resolution, Tickets per order rest on it" in said
    assert late.folder.joinpath("summary.pdf").exists()
    # Another source is late too: that is told as well.
    sources = tuple(replace(each, is_stale=True) for each in late.summary.notes.sources or ())
    notes = replace(late.summary.notes, sources=sources)
    both = replace(late, summary=replace(late.summary, notes=notes))
    assert deliver_now(place, both).code == 1
    assert [mail["To"] for mail in taken.mails] == [LEAD, LEAD]
    assert deliver_now(place, fresh).error is None
    assert [str(mail["To"]) for mail in taken.mails] == [LEAD, LEAD, EXEC]


def test_only_headlines_that_a_source_feeds_wait_for_it() -> None:
    with duckdb.connect() as connection:
        fill(Shop(connection))
        connection.execute(
            "create table core.fct_tickets as"
            " select 'zendesk' as source, timestamptz '2026-10-20' as created_at"
            " union all select 'old desk', timestamptz '2026-10-01';"
            "create table core.fct_orders as"
            " select 'shopify' as source, timestamptz '2026-11-10' as placed_at;"
            "create table core.fct_csat_ratings as"
            " select 'surveys' as source, timestamptz '2026-11-10' as first_rated_at;"
            "update marts.source_freshness set is_stale = false"
        )

        def waits(source: str, loaded_at: datetime | None = NOW) -> list[str]:
            connection.execute(
                "insert into marts.source_freshness values (?, 'files', ?, ?, 9, 0, true)",
                [source, loaded_at, NOW],
            )
            found = build_summary(connection, WEEKLY).waits
            connection.execute("delete from marts.source_freshness where source = ?", [source])
            return [card.line.kpi.kpi for cards in found.values() for card in cards]

        all_four = [
            "csat", "deflection_rate", "first_contact_resolution", "tickets_per_order",
        ]  # fmt: skip
        assert waits("zendesk") == all_four
        assert waits("shopify") == ["tickets_per_order"]
        assert waits("surveys") == ["csat"]
        assert waits("rosters") == []
        assert waits("old desk") == []  # four weeks before the week it had ended
        assert waits("new", None) == all_four  # nothing has come from it: it may be any of these


def test_without_a_mail_server_the_mail_is_a_file(tmp_path: Path, fresh: Written) -> None:
    place = account(tmp_path, EXEC)
    assert "mails are files in" in deliver_now(place, fresh).said
    (path,) = place.outbox.folder.glob("*.eml")
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert mail["To"] == EXEC and mail["Subject"].startswith("Weekly support summary")
    assert [message.state for message in place.outbox.messages()] == ["written"]


def test_where_nobody_is_named_the_cure_is(
    tmp_path: Path, fresh: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = account(tmp_path)
    delivered = deliver_now(place, fresh)
    assert delivered.code == 2 and delivered.error is not None
    assert 'weekly = { to = ["lead@acme.example"] }' in delivered.error
    monkeypatch.setenv("BOOKBAG_REPORTS__WEEKLY__TO", f"{EXEC}, {OWNER}")
    assert deliver_now(place, fresh).error is None
    assert len(list(place.outbox.folder.glob("*.eml"))) == 2


def test_a_server_that_takes_the_mail_and_does_not_say_so_does_not_get_it_again(
    tmp_path: Path, taken: Receivers, fresh: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.channels.ANSWER_S", 0.3)
    taken.pause_s = 1.5
    place = account(tmp_path, EXEC, server=taken.mail)
    delivered = deliver_now(place, fresh)
    assert delivered.code == 1
    (message,) = place.outbox.messages()
    assert message.state == "dead" and "it may have arrived or not" in str(message.error)
    assert len(taken.mails) == 1


def test_what_was_put_in_is_what_is_sent_whatever_becomes_of_the_files(
    tmp_path: Path, taken: Receivers, fresh: Written
) -> None:
    place = account(tmp_path, EXEC, server="mailto://127.0.0.1:1?from=bookbag@acme.example")
    away = deliver_now(place, fresh)
    assert away.code == 1 and "1 of 1 are tried again" in str(away.error)
    # What would be made now has other figures, and is another mail.
    again = deliver_now(place, replace(fresh, mail=b"Subject: other\r\n\r\n"))
    assert again.code == 1
    mended = account(tmp_path, EXEC, server=taken.mail)
    place.outbox.fail(place.outbox.messages()[0], "away", datetime.now(UTC))
    assert deliver_now(mended, fresh).error is None
    (mail,) = taken.mails
    assert mail["Subject"] == "Weekly support summary 2026-W47, acme & sons"


def test_who_could_not_be_reached_is_not_said_to_have_it(
    tmp_path: Path, taken: Receivers, fresh: Written
) -> None:
    place = account(tmp_path, EXEC, server="mailto://127.0.0.1:1?from=bookbag@acme.example")
    deliver_now(place, fresh)
    place.outbox.fail(place.outbox.messages()[0], "it was away", None)
    dead = deliver_now(place, fresh)
    assert dead.code == 1 and "could not be reached (bookbag alerts retry)" in str(dead.error)
    place.outbox.retry([], datetime.now(UTC))
    assert [message.state for message in place.outbox.messages()] == ["withdrawn"]
    # Asked for again it is put in again; by another server and password it is the same receiver.
    mended = account(tmp_path, f"{taken.mail}&to={EXEC}&name=bookbag")
    assert deliver_now(mended, fresh).said == "2026-W47: sent to 1, 0 had it before"
    assert len(place.outbox.messages()) == len(taken.mails) == 1


def test_the_copy_tells_who_got_which_report(
    tmp_path: Path, taken: Receivers, late: Written, fresh: Written
) -> None:
    place = account(tmp_path, EXEC, server=taken.mail)
    deliver_now(place, late)
    deliver_now(place, fresh)
    with duckdb.connect() as copy:
        copy.execute("create schema marts")
        write_deliveries(copy, place.outbox)
        rows = copy.execute(
            "select report, period, event, state, split_part(channel, '-', 1), sent_at is not null"
            " from marts.report_deliveries order by queued_at"
        ).fetchall()
        (alerts,) = copy.execute("select count(*) from marts.alert_deliveries").fetchone() or ()
    assert rows == [
        ("weekly", "2026-W47", event, "sent", "mailto", True) for event in ("held", "report")
    ]
    assert alerts == 0


def publish(place: Workplace, *, is_late: bool) -> None:
    """The hand-made copy, also as the warehouse that reports are made from."""
    for path in (place.published / "bookbag.duckdb", place.warehouse):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            fill(Shop(connection))
            connection.execute("update marts.source_freshness set is_stale = ?", [is_late])


def test_what_the_schedule_asks_for_is_delivered_when_no_source_is_late_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = account(tmp_path, EXEC)
    monkeypatch.setattr(defs, "datetime", SimpleNamespace(now=lambda zone: NOW))
    # Dagster's runs end today, whenever that is.
    monkeypatch.setattr("bookbag_orchestration.report_requests.NEWS", timedelta(days=36_500))
    monkeypatch.setattr(type(place), "is_built", lambda self: True)
    calendar = calendar_of(place, "weekly")
    instance = dg.DagsterInstance.ephemeral()
    cursor: str | None = None

    def tick(now: datetime) -> list[dg.RunRequest]:
        nonlocal cursor
        result = requested(place, instance, cursor, now)
        cursor = result.cursor
        return [each for each in result.run_requests or () if each.job_name == "weekly_report"]

    def run(tags: dict[str, str]) -> None:
        done = dg.materialize(
            [defs.report_asset(place, calendar)],
            partition_key="2026-11-16",
            instance=instance,
            tags=tags,
            resources={"progress": reporting(place)},
        )
        assert done.success

    def delivered() -> list[str]:
        return [each.event for each in place.outbox.messages()]

    publish(place, is_late=True)
    (request,) = tick(NOW)
    assert request.tags[DELIVER_TAG] == "yes"
    run({})  # by hand: only written
    assert delivered() == []
    run({DELIVER_TAG: "yes"})
    assert delivered() == ["held gorgias shopify"]
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert tick(soon) == [], "the source is still late"
    publish(place, is_late=False)
    (again,) = tick(soon)
    assert again.partition_key == "2026-11-16"
    run({DELIVER_TAG: "yes"})
    assert delivered() == ["held gorgias shopify", "report"]
    assert tick(soon) == []


def test_a_report_that_comes_a_week_late_is_written_and_sent_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = account(tmp_path, EXEC)
    monkeypatch.setattr(type(place), "is_built", lambda self: True)
    publish(place, is_late=False)
    then = utc("2026-11-30 07:01")
    monkeypatch.setattr(defs, "datetime", SimpleNamespace(now=lambda zone: then))
    done = dg.materialize(
        [defs.report_asset(place, calendar_of(place, "weekly"))],
        partition_key="2026-11-16",
        instance=dg.DagsterInstance.ephemeral(),
        tags={DELIVER_TAG: "yes"},
        resources={"progress": reporting(place)},
    )
    assert done.success and place.outbox.messages() == []
    assert (place.reports / "weekly/2026-W47/summary.eml").exists()


class Stubborn:
    """A mail server that says what it is told to; `taken` are the mails it has."""

    def __init__(self, **answers: str) -> None:
        self.answers, self.taken = answers, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.server.getsockname()[1]}?from=bookbag@acme.example"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: Any) -> None:
        def say(text: str) -> None:
            connection.sendall(text.encode() + b"\r\n")

        say("220 here")
        for line in lines:
            word = line.decode().split(":")[0].split()[0].upper()
            asked = line.decode().strip()
            if word == "DATA":
                say("354 go on")
                while lines.readline() != b".\r\n":
                    pass
                self.taken += 1
            refused = next((said for what, said in self.answers.items() if what in asked), None)
            say(refused or "250 well")
            if word == "QUIT":
                return


def test_a_mail_that_was_taken_is_not_sent_again_however_the_server_takes_leave(
    tmp_path: Path, fresh: Written
) -> None:
    server = Stubborn(QUIT="421 closing")
    place = account(tmp_path, EXEC, server=server.address)
    assert deliver_now(place, fresh).error is None
    assert deliver_now(place, fresh).error is None
    assert server.taken == 1


def test_a_copy_that_is_refused_keeps_the_mail_from_nobody(tmp_path: Path, fresh: Written) -> None:
    server = Stubborn(old="550 5.1.1 no mailbox for old (Ann Lee)")
    place = account(tmp_path, f"{server.address}&to={EXEC}&cc=old@acme.example")
    assert deliver_now(place, fresh).error is None and server.taken == 1
    refused = account(tmp_path, "old@acme.example", server=server.address)
    assert deliver_now(refused, fresh).code == 1 and server.taken == 1
    with duckdb.connect() as copy:
        copy.execute("create schema marts")
        write_deliveries(copy, place.outbox)
        errors = copy.execute(
            "select error from marts.report_deliveries where error is not null"
        ).fetchall()
    assert errors == [("the mail server: 550 5.1.1",)]


@pytest.mark.parametrize(
    ("asks", "said"),
    [("to=exec@acme.example&pgp=encrypt", "PGP"), ("to=jörg@acme.example", "no receiver")],
)
def test_an_address_that_no_mail_can_go_by_is_told(
    tmp_path: Path, fresh: Written, asks: str, said: str
) -> None:
    server = Stubborn()
    place = account(tmp_path, f"{server.address}&{asks}")
    assert deliver_now(place, fresh).code == 1 and server.taken == 0
    (message,) = place.outbox.messages()
    assert message.state == "dead" and said in str(message.error)
