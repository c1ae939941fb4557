"""`bookbag doctor`: what is wrong is named with its cure, and nothing secret is shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from bookbag_orchestration.defs import alert
from bookbag_orchestration.doctor import Finding, examine
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import Alerts, ApiSource, Mail
from bookbag_orchestration.settings import owner_key
from bookbag_orchestration.telling import Directory, retry
from reports.deliver import Sent
from reports.outbox import Message
from tests.messages_support import receivers
from tests.operations_support import sync, workplace_of
from tests.postgres_support import Server
from tests.support import call

NOW = datetime.now(UTC)


def found(place: Workplace, about: str) -> list[Finding]:
    return [each for each in examine(place) if each.about.startswith(about)]


def with_addresses(place: Workplace, *to: str, server: str | None = None) -> Workplace:
    changed = {"alerts": Alerts(to=list(to)), "mail": Mail(server=server)}
    return replace(place, config=place.config.model_copy(update=changed))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return workplace_of(tmp_path)


def test_credentials_are_asked_for_by_name_and_not_shown(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, unreachable = found(place, "source desk")
    assert (missing.state, unreachable.state) == ("bad", "bad")
    assert "SOURCES__DESK__EMAIL + SOURCES__DESK__API_TOKEN" in missing.cure
    assert "127.0.0.1:1 does not answer" in unreachable.said
    monkeypatch.setenv("SOURCES__DESK__EMAIL", "bot@acme.example")
    monkeypatch.setenv("SOURCES__DESK__API_TOKEN", "s3cret")
    assert found(place, "source desk")[0].state == "ok"
    assert "s3cret" not in str(list(examine(place)))


def test_a_source_that_answers_is_reached(place: Workplace) -> None:
    with receivers() as taken:
        url = taken.hook.replace("json://", "http://")
        source = ApiSource(name="desk", kind="zendesk", url=url)
        there = replace(place, config=place.config.model_copy(update={"sources": (source,)}))
        assert [each.state for each in found(there, "source desk")] == ["bad", "ok"]


def test_a_folder_that_is_not_there_is_named(place: Workplace) -> None:
    (missing,) = found(place, "source shop")
    assert missing.state == "bad" and "export is no folder" in missing.said


def test_what_fails_is_told_with_its_cure(place: Workplace) -> None:
    place.warehouse.parent.mkdir(parents=True)
    place.warehouse.touch()
    sync(place, "1", desk=True)
    (failing,) = found(place, "step")
    assert (failing.about, failing.cure) == (
        "step ingest desk", "desk does not answer. Check `url`.",
    )  # fmt: skip


def test_a_clock_that_went_back_is_told(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(place, "1", desk=False)
    assert found(place, "clock")[0].state == "ok"

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) - timedelta(days=1)

    monkeypatch.setattr("bookbag_orchestration.doctor.datetime", Yesterday)
    assert found(place, "clock")[0].state == "bad"


def test_addresses_are_judged_and_only_what_is_no_key_is_shown(place: Workplace) -> None:
    assert found(place, "alerts") == [
        Finding("alerts", "note", "nobody is told", "Name addresses in [alerts] to.")
    ]
    wrong = with_addresses(place, "slack://T0KEN/x", "lead@acme.example")
    states = {each.said: each.state for each in found(wrong, "address")}
    assert sorted(states.values()) == ["bad", "note"]
    assert "T0KEN" not in str(states)
    away = with_addresses(place, "lead@acme.example", server="mailto://127.0.0.1:1")
    assert [each.state for each in found(away, "mail server")] == ["bad"]


def test_what_was_not_delivered_is_told_until_it_is(place: Workplace) -> None:
    with receivers() as taken:
        desk = with_addresses(place, taken.hook)
        (channel,) = Directory(desk).channels
        told = Message(
            channel.channel_id, "opened", "high", "CSAT 3.9", "Low.", {"a1": "high"}, NOW
        )
        desk.outbox.put(told, NOW)
        taken.status = 500
        # What the daemon does every ten seconds.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(alert, "workplace", lambda: desk)
            skipped = alert.telling(dg.build_sensor_context())
        assert "0 messages arrived, 1 did not" in str(skipped)
        (waiting,) = found(desk, "message")
        assert (waiting.state, "500" in waiting.said) == ("note", True)
        desk.outbox.fail(desk.outbox.undelivered()[0], "it was away", None)
        (dead,) = found(desk, "message")
        assert (dead.state, dead.cure) == ("bad", "bookbag alerts retry")
        assert "'CSAT 3.9'" in dead.said and "it was away" in dead.said
        taken.status = 200
        assert retry(desk) == Sent(1, 0)
    assert found(desk, "message") == []


def test_addresses_of_the_environment_take_the_place_of_those_of_the_file(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = with_addresses(place, "lead@acme.example")
    assert [each.address for each in Directory(desk).channels] == ["lead@acme.example"]
    monkeypatch.setenv("BOOKBAG_ALERTS__TO", "one@acme.example, two@acme.example")
    monkeypatch.setenv("BOOKBAG_ALERTS__TO__AI_OWNER", "ai@acme.example")
    directory = Directory(desk)
    addresses = {each.channel_id: each.address for each in directory.channels}
    told = [addresses[channel] for channel in directory.route("Support lead")]
    assert told == ["one@acme.example", "two@acme.example"]
    assert [addresses[channel] for channel in directory.route("AI owner")] == ["ai@acme.example"]
    assert owner_key("Retention/CRM") == "RETENTION_CRM"


def test_the_command_ends_with_one_where_something_is_bad(tmp_path: Path) -> None:
    config = tmp_path / "bookbag.toml"
    config.write_text('[account]\nid = "a"\n[[source]]\nname = "s"\nkind = "files"\npath = "x"\n')
    bad = call("doctor", "--config", config, "--home", tmp_path / "home")
    assert bad.code == 1
    assert "is no folder" in bad.out and "of these need somebody" in bad.err
    (tmp_path / "x").mkdir()
    assert call("doctor", "--config", config, "--home", tmp_path / "home").code == 0


def test_the_database_that_tables_go_to_is_reached(
    place: Workplace, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(place, "postgres") == []
    monkeypatch.setenv("BOOKBAG_PUBLISH__POSTGRES", postgres.make("doctor"))
    (there,) = found(place, "postgres")
    assert there.state == "ok" and "/doctor answers; nothing is written yet" in there.said
    # Another password than its own, and a user who may make nothing there.
    with psycopg.connect(postgres.url(), autocommit=True) as server:
        server.execute("create role reader login password 'other'")
    for user, cause, cure in (
        ("postgres:s3cret", "authentication failed", "BOOKBAG_PUBLISH__POSTGRES"),
        ("reader:other", "may create no schema", "Grant its user `create`"),
    ):
        address = postgres.url("doctor").replace("postgres:pass%25word", user)
        monkeypatch.setenv("BOOKBAG_PUBLISH__POSTGRES", address)
        (bad,) = found(place, "postgres")
        assert bad.state == "bad" and cause in bad.said and cure in bad.cure
        assert not any(word in str(bad) for word in ("s3cret", "other"))
