"""A Chatwoot of one's own, read from its PostgreSQL: the streams of the API, by another way.

What lands has the shape of the API's documents (`chatwoot_queries`), so that the models are the
same. The database knows more: each change by the row's own `updated_at`, whether it left an
activity or not; deletions of ratings; the log of the reports without the Enterprise code that
serves it. And it needs no administrator's token to see every inbox.

- `conversations`, `contacts`, `csat_survey_responses` by (`updated_at`, `id`), a page after the
  other. An hour is read again, for rows that became visible late: a transaction dates its rows when
  they are written, and shows them when it ends.
- `messages` of each conversation that is new or changed. Chatwoot touches the conversation with
  each of its messages, and has no index by which changed messages could be found without reading
  them all.
- `reporting_events` by (`created_at`, `id`), since jobs write them after the conversation: the log
  of a conversation is one document, read whole when an event is new.
- The lists are read whole, and the ids of what can be deleted once a week.

No real Chatwoot's database was tried: the columns are those of its public schema. dlt's own source
for databases lands tables as they are, and has no place for documents that several tables make.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from ingestion import chatwoot_list_queries as lists
from ingestion import chatwoot_queries as queries
from ingestion.api import ApiSpec, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.postgres import DATABASE_URL, Database
from ingestion.run import SourceRun
from ingestion.streams import Ids, Reader, State, Stream, Vendor

ACCOUNT = re.compile(r"(?:/app|/api/v1)?/accounts/(\d+)$")
"""At the end of a source's `url`: which account is meant."""
PAGE = 1000
OVERLAP = timedelta(hours=1)
"""Longer than a transaction of Chatwoot's lasts, and than its servers' clocks are apart."""
BEGINNING = "-infinity"


@dataclass(frozen=True)
class Chatwoot(Database):
    """One account of a Chatwoot, in its PostgreSQL; `tables` are those that our user may see."""

    account: int
    tables: frozenset[str]

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return super().rows(self._without_absent(sql), account=self.account, **values)

    def batches(self, sql: str, **values: Any) -> Iterator[list[Any]]:
        return super().batches(self._without_absent(sql), account=self.account, **values)

    def _without_absent(self, sql: str) -> str:
        for table, nothing in queries.OPTIONAL.items():
            if table not in self.tables:
                sql = sql.replace(f" {table} as ", f" {nothing} as ")
        return sql


def connect(spec: ApiSpec) -> Chatwoot:
    """The only account that the database has, or the one that the `url` names.

    Raises IngestError where there is none, or the database cannot be read.
    """
    database = Database(spec)
    ((accounts, tables),) = database.rows(lists.ACCOUNTS_AND_TABLES)
    named = ACCOUNT.search(spec.url)
    meant = [each for each in accounts if named is None or each == int(named[1])]
    if len(meant) != 1:
        raise IngestError(
            f"source {spec.name}: the database holds the accounts {sorted(accounts)}. Set `url` to"
            " the address of your Chatwoot with /accounts/ and the number of one of them at its"
            " end."
        )
    return Chatwoot(spec, meant[0], frozenset(tables))


def _walk(sql: str) -> Reader:
    """Rows by their clock and id, from where the last walk ended. What `sql` makes no document of
    was only passed.
    """

    def read(database: Chatwoot, state: State, run: SourceRun) -> Iterator[Page]:
        with database.open():
            at, key = _place(database.spec, state, run)
            is_last = False
            while not is_last:
                rows = database.rows(sql, at=at, id=key, size=PAGE)
                is_last = len(rows) < PAGE
                if rows:
                    at, key = rows[-1][0].isoformat(), rows[-1][1]
                    state |= {"at": at, "id": key}
                yield Page([row[2] for row in rows if row[2] is not None], is_last=is_last)

    return read


def _place(spec: ApiSpec, state: State, run: SourceRun) -> tuple[str, int]:
    """Behind the row that was read last; in a new sync, a little before it."""
    sync = run.now.isoformat()
    is_new, state["sync"] = state.get("sync") != sync, sync
    if "at" not in state:
        start = spec.start_at
        return start.astimezone(UTC).replace(tzinfo=None).isoformat() if start else BEGINNING, 0
    if is_new:
        return (datetime.fromisoformat(state["at"]) - OVERLAP).isoformat(), 0
    return state["at"], state["id"]


def _messages(database: Chatwoot, conversations: list[Document]) -> Iterator[list[Document]]:
    numbers = [conversation["id"] for conversation in conversations]
    yield from database.batches(queries.MESSAGES, conversations=numbers)


def _whole(sql: str) -> Reader:
    def read(database: Chatwoot, state: State, run: SourceRun) -> Iterator[Page]:
        yield Page([document for (document,) in database.rows(sql)], is_last=True)

    return read


def _ids(sql: str) -> Ids:
    def read(database: Chatwoot, run: SourceRun) -> Iterator[Iterable[str]]:
        for keys in database.batches(sql):
            yield map(str, keys)

    return read


STREAMS = (
    Stream(
        "conversations",
        _walk(queries.CONVERSATIONS),
        children={"messages": (_messages, itemgetter("id"))},
        ids=_ids(lists.CONVERSATION_IDS),
    ),
    Stream(
        "reporting_events",
        _walk(queries.REPORTING_EVENTS),
        itemgetter("conversation_id"),
        is_optional=True,
    ),
    Stream("contacts", _walk(queries.CONTACTS), ids=_ids(lists.CONTACT_IDS)),
    Stream(
        "csat_survey_responses",
        _walk(queries.CSAT_SURVEY_RESPONSES),
        ids=_ids(lists.CSAT_IDS),
        is_optional=True,
    ),
    Stream("agents", _whole(lists.AGENTS), is_whole=True),
    Stream("agent_bots", _whole(lists.AGENT_BOTS), is_whole=True, is_optional=True),
    Stream("teams", _whole(lists.TEAMS), is_whole=True),
    Stream("team_members", _whole(lists.TEAM_MEMBERS), itemgetter("team_id"), is_whole=True),
    Stream("inboxes", _whole(lists.INBOXES), is_whole=True),
    Stream("labels", _whole(lists.LABELS), is_whole=True),
    Stream(
        "custom_attribute_definitions",
        _whole(lists.CUSTOM_ATTRIBUTE_DEFINITIONS),
        is_whole=True,
        is_optional=True,
    ),
)
VENDOR = Vendor(STREAMS, connect, address="", secrets=((DATABASE_URL,),))
