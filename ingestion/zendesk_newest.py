"""What happened in Zendesk's last minute, which its exports withhold and its lists do not.

After the export the list of tickets is read, newest update first, down to the last change that the
export has told: the tickets as they stand, and by them their audits and the users who are new. All
of it comes again with the exports, which go on from cursors of their own, so what is too much for
one sync, not offered, or changed while it is read may be left to them. So are deletions, which the
list does not show, and changes without an audit, which do not count as updates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice

from requests.exceptions import HTTPError

from ingestion.api import Api, Page, RefusedError
from ingestion.documents import Document
from ingestion.run import SourceRun
from ingestion.streams import READ_ONCE, State
from ingestion.zendesk_pages import ListPaginator

PAGE, PAGES = 25, 4
"""Tickets a call, of which one sees that nothing is new, and the calls at most of one sync. Each
ticket that is new costs one more."""
AUDIT_PAGE = 100
WITHHELD_S = 60
EXPORTED_ONLY = ("generated_timestamp", "fields")
"""What a ticket has in the export alone: when it last changed at all, and its custom fields once
more. They do not land, or each ticket would land twice."""
NEWEST = "newest_tickets"


@dataclass(frozen=True)
class Newest:
    """Tickets, by id with the instant of their update, that changed after all that the export has
    told; the `users` among their people who are new since.
    """

    tickets: Mapping[str, str]
    users: list[Document]


def noted(page: Page, state: State) -> Page:
    """A page of the export as it lands; the state is told how far the export has come: to the last
    change on it, but not into the minute that is withheld, though a ticket may show one of it.
    """
    last = max([ticket.get("generated_timestamp") or 0 for ticket in page.documents], default=0)
    answered = page.answer.headers.get("Date") if page.answer is not None else None
    if answered:
        last = min(last, int(parsedate_to_datetime(answered).timestamp()) - WITHHELD_S)
    state["told"] = max(last, state.get("told", 0))
    return replace(page, documents=[_listed(ticket) for ticket in page.documents])


def tickets(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    """Those that the export withholds; none before it has once been read whole, and none for a time
    that is read again. No other page has to follow, so none is marked as one that goes on.
    """
    told = state.get("told")
    if not (told and state.get(READ_ONCE)) or run.sync.is_late:
        return
    versions: dict[str, str] = {}
    users: list[Document] = []
    params = {"sort": "-updated_at", "page[size]": PAGE, "include": "users"}
    pages = api.pages("api/v2/tickets.json", ListPaginator(), data="tickets", params=params)
    try:
        for page in islice(pages, PAGES):
            newer = [row for row in page.documents if _seconds(row["updated_at"]) > told]
            versions |= {str(row["id"]): row["updated_at"] for row in newer}
            if newer:
                people = page.body("users") or []
                users += [user for user in people if _seconds(user["created_at"]) > told]
                yield Page([_listed(row) for row in newer], is_last=True)
            if len(newer) < len(page.documents):
                break
    except RefusedError:
        run.sync.refused.add(NEWEST)
    run.sync.handed[NEWEST] = Newest(versions, users)


def audits(api: Api, state: State, run: SourceRun, exported_to: int) -> Iterator[Page]:
    """Those of the newest tickets, each of whose versions is asked for once; without what the
    export of events has told, to the second `exported_to` since 1970.
    """
    newest: Newest | None = run.sync.handed.get(NEWEST)
    if newest is None or not state.get(READ_ONCE) or run.sync.is_late:
        return
    seen = state.get(NEWEST, {})
    wanted = [key for key, at in newest.tickets.items() if seen.get(key) != at]
    if not wanted:
        return
    found = (audit for key in wanted for audit in audits_of(api, key))
    ahead = [audit for audit in found if _seconds(audit["created_at"]) > exported_to]
    state[NEWEST] = dict(newest.tickets)
    yield Page(ahead, is_last=True)


def users(run: SourceRun) -> Iterator[Page]:
    """Without them the words of a new customer would be nobody's."""
    newest: Newest | None = run.sync.handed.get(NEWEST)
    if newest is not None and newest.users:
        yield Page(newest.users, is_last=True)


def audits_of(api: Api, ticket_id: int | str) -> list[Document]:
    """All audits of a ticket; none where it is deleted."""
    found: list[Document] = []
    path, params = f"api/v2/tickets/{ticket_id}/audits.json", {"page[size]": AUDIT_PAGE}
    try:
        for page in api.pages(path, ListPaginator(), data="audits", params=params):
            found += page.documents
    except RefusedError as refused:
        if not _is_gone(refused):
            raise
    return found


def _is_gone(refused: RefusedError) -> bool:
    cause = refused.__cause__
    answer = cause.response if isinstance(cause, HTTPError) else None
    return answer is not None and answer.status_code == 404


def _listed(ticket: Document) -> Document:
    return {name: value for name, value in ticket.items() if name not in EXPORTED_ONLY}


def _seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp())
