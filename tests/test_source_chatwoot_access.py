"""Chatwoot by its database: who is let in, which account is read, and what is said where not."""

import re
import traceback
from pathlib import Path

import psycopg
import pytest

from ingestion import chatwoot_database
from ingestion import postgres as postgres_line
from ingestion.api import ApiSpec
from ingestion.chatwoot_database import Chatwoot
from ingestion.errors import IngestError
from ingestion.pipeline import Loaded
from ingestion.sandbox.world import World
from tests.chatwoot_tables import SCHEMA, change, fill, insert, made
from tests.docs_support import ROOT, section
from tests.postgres_support import PASSWORD, Server
from tests.sandbox_support import on, shop
from tests.source_support import Desk

HOSTED = "https://app.chatwoot.com"
KEY = "SOURCES__DESK__DATABASE_URL"


@pytest.fixture
def url(postgres: Server) -> str:
    filled = made(postgres)
    fill(filled, World.of(shop()), on(3, "13:00:00"))
    return filled


def desk(database: str, folder: Path, url: str = HOSTED) -> Desk:
    return Desk("chatwoot", url, folder, secrets={"database_url": database})


def reached(database: str, url: str = HOSTED) -> Chatwoot:
    return chatwoot_database.connect(
        ApiSpec("desk", "chatwoot", url, secrets={"database_url": database})
    )


def refused(database: str, folder: Path) -> str:
    """What a sync that fails says; neither it nor its trace holds a password or an address."""
    with pytest.raises(IngestError) as raised:
        desk(database, folder).sync()
    trace = "".join(traceback.format_exception(raised.value))
    for secret in (PASSWORD, PASSWORD.replace("%", "%25"), "s3cret", database):
        assert secret not in trace
    said = str(raised.value)
    assert said.startswith("source desk: ")
    return said


def test_an_address_that_does_not_let_in_is_told_without_it(
    url: str, postgres: Server, tmp_path: Path
) -> None:
    wrong = url.replace(PASSWORD.replace("%", "%25"), "s3cret")
    said = refused(wrong, tmp_path)
    assert 'password authentication failed for user "postgres"' in said and KEY in said
    said = refused(postgres.url("absent"), tmp_path)
    assert 'database "absent" does not exist' in said and KEY in said


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bookbag:s3cret@127.0.0.1:1/chatwoot",
        "postgresql://bookbag:a@s3cret@127.0.0.1:1/chatwoot",
        "postgresql://bookbag:a/s3cret@127.0.0.1:1/chatwoot",
        "postgresql://bookbag:a:s3cret@127.0.0.1:1/chatwoot",
    ],
)
def test_an_address_without_a_server_is_told_without_it(address: str, tmp_path: Path) -> None:
    said = refused(address, tmp_path)
    assert "cannot be reached" in said and "no server answers" in said and KEY in said


@pytest.mark.parametrize("address", ["s3cret", "https://s3cret", "postgresql://a:s3cret%@h/d"])
def test_what_is_no_address_is_told_without_it(address: str, tmp_path: Path) -> None:
    said = refused(address, tmp_path)
    assert f"{KEY} is no address of a PostgreSQL database" in said and "%40" in said


def test_a_database_that_is_no_chatwoots_is_told(
    url: str, postgres: Server, tmp_path: Path
) -> None:
    said = refused(postgres.make("another"), tmp_path)
    assert 'relation "accounts" does not exist' in said and "docs/sources.md" in said
    change(url, "drop table messages")
    said = refused(url, tmp_path)
    assert 'relation "messages" does not exist' in said and "Check that it is a chatwoot" in said


def test_what_an_older_one_does_not_have_is_left_out(url: str, tmp_path: Path) -> None:
    change(
        url,
        "drop table captain_assistants, channel_twilio_sms, reporting_events, agent_bots cascade",
        "alter table conversations drop column assignee_agent_bot_id",
        "create table agent_bots (id bigint, account_id bigint, name text)",
    )
    loaded: Loaded = desk(url, tmp_path).sync()
    assert loaded.refused == ("agent_bots", "reporting_events")
    assert (loaded.rows["conversations"], loaded.rows["inboxes"] > 5) == (5, True)


def test_the_user_of_the_documentation_may_read_what_is_needed_and_no_more(
    url: str, postgres: Server, tmp_path: Path
) -> None:
    page = section(ROOT / "docs" / "sources.md", "Chatwoot by its database")
    (statements,) = re.findall(r"```sql\n(.+?)```", page, re.DOTALL)
    change(url, statements.replace("one of your own", PASSWORD))
    own = url.replace("postgres:", "bookbag:", 1)
    assert own != url
    whole, granted = desk(url, tmp_path / "whole"), desk(own, tmp_path / "granted")
    assert granted.sync().refused == ()
    whole.sync()
    assert granted.documents() == whole.documents()
    for sql in (
        "select encrypted_password from users",
        "select auth_token from channel_twilio_sms",
    ):
        with pytest.raises(IngestError, match="permission denied"):
            reached(own).rows(sql)


def test_sessions_can_only_read_and_give_up_in_time(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IngestError, match=r"stopped answering \(cannot execute CREATE TABLE"):
        reached(url).rows("create table made ()")
    monkeypatch.setattr(postgres_line, "SESSION", "-c statement_timeout=50ms")
    with pytest.raises(IngestError, match="gave up a query"):
        reached(url).rows("select pg_sleep(10)")


def test_a_server_that_ends_a_session_is_told_and_the_next_sync_goes_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = Chatwoot._without_absent, list[str]()

    def end(database: Chatwoot, sql: str) -> str:
        asked.append(sql)
        if len(asked) == 4:
            change(
                url,
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'bookbag'",
            )
        return ask(database, sql)

    with monkeypatch.context() as patch:
        patch.setattr(Chatwoot, "_without_absent", end)
        said = refused(url, tmp_path / "ended")
    assert "stopped answering" in said and "goes on" in said
    ended, whole = desk(url, tmp_path / "ended"), desk(url, tmp_path / "whole")
    ended.sync()
    whole.sync()
    assert ended.documents() == whole.documents()


def test_the_account_is_the_only_one_or_named(url: str) -> None:
    assert reached(url).account == 1
    with psycopg.connect(url) as connection:
        insert(connection, "accounts", [{"id": 7}])
    assert reached(url, "https://desk.example/app/accounts/7").account == 7
    for address in (HOSTED, "https://desk.example/accounts/8"):
        with pytest.raises(IngestError, match=r"the accounts \[1, 7\]. Set `url`") as raised:
            reached(url, address)
        assert PASSWORD not in str(raised.value)
    change(url, "delete from accounts")
    with pytest.raises(IngestError, match=r"the accounts \[\]"):
        reached(url)


def test_another_account_and_another_schema(postgres: Server, tmp_path: Path) -> None:
    """What the address itself sets for a session holds."""
    url = postgres.make("schemas")
    change(url, "create schema chatwoot", "set search_path to chatwoot", SCHEMA)
    at = {"created_at": "2026-03-04", "updated_at": "2026-03-04", "last_activity_at": "2026-03-04"}
    with psycopg.connect(url, options="-c search_path=chatwoot") as connection:
        insert(connection, "accounts", [{"id": 1}, {"id": 2}])
        rows = [{"id": each, "display_id": 5, "account_id": each, "status": 0} for each in (1, 2)]
        insert(connection, "conversations", [row | at for row in rows])
    found = desk(f"{url}&options=-csearch_path%3Dchatwoot", tmp_path, f"{HOSTED}/accounts/2")
    found.sync()
    assert '"account_id":2' in str(found.documents()["conversations"]["5"])
