"""Sources of kind `chatwoot`: one account of a Chatwoot, hosted or one's own, newest first.

- `conversations`, a row a conversation, by `last_activity_at`, two days read again: what leaves no
  activity message (custom attributes, automatic assignment) does not move it.
- `messages`, `reporting_events`: read for each conversation that is new or changed. Messages come
  20 at a time from the newest back; the log of a conversation is one document, since its events
  name the conversation by an id that nothing else has. Only Chatwoot's Enterprise code has it.
- `contacts` by `last_activity_at`; those without an address or an identifier are not listed.
- `csat_survey_responses` by creation, read again for as long as a customer may change an answer.
- `agents`, `agent_bots`, `teams`, `team_members` (a row a team), `inboxes`, `labels`,
  `custom_attribute_definitions`: read whole. Of inboxes and bots only what they are is kept: their
  answers hold passwords.

A list is walked down to where the last walk began, and its cursor moves when that is done. Pages
shift while they are read, always downwards: what moves up meanwhile is met by the next walk. By
default only open conversations are listed, and to an agent only those of its own inboxes, so the
token must be an administrator's. Deleted rows are gone; a weekly sweep of ids finds them.

What Chatwoot cannot say: handle time, brands, spam, merged conversations or contacts, why an AI
handed over and that it did so twice, who changed what; before the first sync, who was assigned
when. Where the secret is the address of one's own database, `chatwoot_database` reads that.

Reference: developers.chatwoot.com/api-reference, Application APIs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from operator import itemgetter

from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator, SinglePagePaginator

from ingestion import chatwoot_database
from ingestion.api import Api, ApiSpec, Page, RefusedError
from ingestion.chatwoot_database import ACCOUNT
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.postgres import DATABASE_URL
from ingestion.run import SourceRun
from ingestion.streams import Ids, Reader, State, Stream, Vendor, own_id

MESSAGES_PAGE = 20
LATE_CHANGES = timedelta(days=2)
LATE_ANSWERS = timedelta(days=15)
"""A survey can be answered again for 14 days, by the date on which it was sent."""
OLDER_ENDS = 2
"""Documents from before the cursor that end a walk: a single one may be a page's echo."""
NO_SECRETS = ("id", "name", "channel_type", "medium", "description", "bot_type", "system_bot")


@dataclass(frozen=True)
class Feed:
    """A list that begins with the newest: its documents are at `data`, sorted by the second that is
    their `stamp`, and read from `again` before the cursor on.
    """

    path: str
    data: str
    stamp: str
    again: timedelta
    params: Mapping[str, str] = field(default_factory=dict)

    def pages(self, api: Api, first: int = 1) -> Iterator[Page]:
        """From page `first` to an empty one: how long a page is, the server's owner decides.

        Raises IngestError where the same page comes again and again, since there would be no end.
        """
        paginator = PageNumberPaginator(base_page=1, page=first, total_path=None)
        before, times = None, 0
        for page in api.pages(self.path, paginator, data=self.data, params=self.params):
            times = times + 1 if page.documents == before else 1
            if times == SAME_PAGES and page.documents:
                raise IngestError(
                    f"source {api.spec.name}: {api.spec.url}/{self.path} gives the same page"
                    f" {SAME_PAGES} times. Check `url`; if it is Chatwoot, look at its version."
                )
            before = page.documents
            yield page

    def stamps(self, page: Page) -> list[int]:
        return [int(each[self.stamp]) for each in page.documents if each.get(self.stamp)]


SAME_PAGES = 3
ALL = {"status": "all", "assignee_type": "all"}
CONVERSATIONS = Feed("conversations", "data.payload", "last_activity_at", LATE_CHANGES, ALL)
BY_ACTIVITY, BY_CREATION = {"sort": "-last_activity_at"}, {"sort": "-created_at"}
CONTACTS = Feed("contacts", "payload", "last_activity_at", LATE_CHANGES, BY_ACTIVITY)
ANSWERS = Feed("csat_survey_responses", "$", "created_at", LATE_ANSWERS, BY_CREATION)


def connect(spec: ApiSpec) -> Api:
    """The API of the one account that the token sees, or of the one that the url names.

    Raises IngestError where there is none or the token is not an administrator's.
    """
    headers = {"api_access_token": spec.secrets["api_access_token"]}
    named = ACCOUNT.search(spec.url)
    base = spec.url[: named.start()] if named else spec.url
    profile = Api(replace(spec, url=base), headers=headers).get("api/v1/profile")
    seen = profile.get("accounts") or [{"id": profile["account_id"], "role": profile.get("role")}]
    roles = {str(account["id"]): account.get("role") for account in seen}
    if named is None and len(roles) > 1:
        raise IngestError(
            f"source {spec.name}: the token sees the accounts {', '.join(sorted(roles))}. End `url`"
            f" with /accounts/ and the number of one, such as {base}/accounts/{min(roles)}."
        )
    account = named[1] if named else next(iter(roles))
    if roles.get(account) != "administrator":
        raise IngestError(
            f"source {spec.name}: in account {account} the token is no administrator's, and sees"
            " only the conversations of its own inboxes. Use the access token of an administrator."
        )
    return Api(replace(spec, url=f"{base}/api/v1/accounts/{account}"), headers=headers)


def _walk(feed: Feed) -> Reader:
    """From the newest document down to what earlier walks have read. A walk that an earlier sync
    left off goes on one page before, as rows may have been deleted.
    """

    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        goes_on = True
        while goes_on:
            walk = state.get("walk") or _begun(feed, api.spec, state, run)
            goes_on = walk["began"] != run.now.isoformat()  # what came since has not been seen
            if goes_on and run.sync.passes == 1:
                walk = {**walk, "page": max(1, walk["page"] - 1)}
            for page in feed.pages(api, walk["page"]):
                stamps = feed.stamps(page)
                newest = max([*stamps, walk["newest"]])
                walk = {**walk, "page": walk["page"] + 1, "newest": newest}
                if page.is_last or sum(at < walk["until"] for at in stamps) >= OLDER_ENDS:
                    state.pop("walk", None)
                    state["newest"] = newest
                    yield Page(page.documents, page.answer, is_last=not goes_on)
                    break
                state["walk"] = walk
                yield page

    return read


def _begun(feed: Feed, spec: ApiSpec, state: State, run: SourceRun) -> State:
    newest: int = state.get("newest", 0)
    start = int(spec.start_at.timestamp()) if spec.start_at else 0
    until = max(start, newest - int(feed.again.total_seconds()))
    return {"began": run.now.isoformat(), "until": until, "newest": newest, "page": 1}


def _ids(feed: Feed) -> Ids:
    """All ids; then the first pages again, for what moved up there from where it was not read."""

    def read(api: Api, run: SourceRun) -> Iterator[Iterable[str]]:
        newest = 0
        for page in feed.pages(api):
            newest = newest or max(feed.stamps(page), default=0)
            yield [str(document["id"]) for document in page.documents]
        for page in feed.pages(api):
            yield [str(document["id"]) for document in page.documents]
            if sum(at < newest for at in feed.stamps(page)) >= OLDER_ENDS:
                return

    return read


def _messages(api: Api, conversations: list[Document]) -> Iterator[list[Document]]:
    """A conversation may be gone since it was listed."""
    for conversation in conversations:
        path, params = f"conversations/{conversation['id']}/messages", dict[str, int]()
        while True:
            try:
                found: list[Document] = api.get(path, params)["payload"]
            except RefusedError:
                if _is_there(api, conversation):
                    raise
                break
            yield found
            if len(found) < MESSAGES_PAGE:
                break
            params = {"before": min(message["id"] for message in found)}


def _reporting_events(api: Api, conversations: list[Document]) -> Iterator[list[Document]]:
    """A document a conversation. A server without this log is not asked for the next one."""
    for conversation in conversations:
        key = conversation["id"]
        try:
            events = api.get(f"conversations/{key}/reporting_events")
        except RefusedError:
            if _is_there(api, conversation):
                return
            continue
        yield [{"conversation_id": key, "events": _by_id(events)}]


def _is_there(api: Api, conversation: Document) -> bool:
    try:
        api.get(f"conversations/{conversation['id']}")
    except RefusedError:
        return False
    return True


def _whole(
    path: str,
    data: str = "$",
    params: Mapping[str, str] | None = None,
    kept: Callable[[Document], Document] = dict,
) -> Reader:
    def read(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
        for page in api.pages(path, SinglePagePaginator(), data=data, params=params):
            yield replace(page, documents=[kept(document) for document in page.documents])

    return read


def _team_members(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    teams = [team["id"] for team in api.get("teams")]
    members = [(team, api.get(f"teams/{team}/team_members")) for team in teams]
    teamed = [{"team_id": team, "members": _by_id(agents)} for team, agents in members]
    yield Page(teamed, is_last=True)


def _by_id(rows: list[Document]) -> list[Document]:
    """In one order, so that a list which comes in another one is not a change."""
    return [row for _, row in sorted({row["id"]: row for row in rows}.items())]


def _without_secrets(document: Document) -> Document:
    return {name: document[name] for name in NO_SECRETS if name in document}


STREAMS = (
    Stream(
        "conversations",
        _walk(CONVERSATIONS),
        children={
            "messages": (_messages, own_id),
            "reporting_events": (_reporting_events, itemgetter("conversation_id")),
        },
        ids=_ids(CONVERSATIONS),
    ),
    Stream("contacts", _walk(CONTACTS), ids=_ids(CONTACTS)),
    Stream("csat_survey_responses", _walk(ANSWERS), is_optional=True),
    Stream("agents", _whole("agents"), is_whole=True),
    Stream(
        "agent_bots", _whole("agent_bots", kept=_without_secrets), is_whole=True, is_optional=True
    ),
    Stream("teams", _whole("teams"), is_whole=True),
    Stream("team_members", _team_members, itemgetter("team_id"), is_whole=True),
    Stream("inboxes", _whole("inboxes", "payload", kept=_without_secrets), is_whole=True),
    Stream("labels", _whole("labels", "payload"), is_whole=True),
    Stream(
        "custom_attribute_definitions",
        _whole("custom_attribute_definitions", params={"attribute_model": "0"}),
        is_whole=True,
        is_optional=True,
    ),
)
VENDOR = Vendor(
    STREAMS,
    connect,
    address="https://app.chatwoot.com",
    secrets=((DATABASE_URL,), ("api_access_token",)),
    instead={DATABASE_URL: chatwoot_database.VENDOR},
)
