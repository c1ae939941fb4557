"""The dashboard of an account: made of the published copy, told where its tickets are seen."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from types import MappingProxyType

import duckdb

from bookbag_orchestration.history import words
from bookbag_orchestration.publishing import STEM
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import SANDBOX, ApiSource, Config
from reports.evidence.audience import TEAM
from reports.evidence.site import PageError, Site, build_site

# Where a helpdesk shows a ticket, after its address. Intercom's names a workspace that no setting
# tells.
TICKETS: Mapping[str, str] = MappingProxyType(
    {
        "zendesk": "/agent/tickets/{id}",
        "gorgias": "/app/ticket/{id}",
        "freshdesk": "/a/tickets/{id}",
    }
)
_CHATWOOT = re.compile(r"(.+)/accounts/(\d+)$")


def build_dashboard(place: Workplace) -> Site | None:
    """Writes the pages that have changed, those of everybody and those of the team; None where
    nothing is published yet. Raises PageError.
    """
    copy = place.published / f"{STEM}.duckdb"
    if not copy.exists():
        return None
    made, faults = [], []
    for folder, is_team in ((place.site, False), (place.site / TEAM, True)):
        try:
            made.append(
                build_site(
                    copy,
                    folder,
                    place.own_pages,
                    addresses=addresses(place.config),
                    is_team=is_team,
                )
            )
        except PageError as error:
            faults.append(str(error))
    if faults:
        raise PageError("\n".join(dict.fromkeys(faults)))
    return Site(sum(each.pages for each in made), sum(each.written for each in made))


@dataclass
class Drawing:
    """Makes the dashboard anew beside the watch `run_id` whenever a copy has come.

    It reads the copy alone, so neither a pass nor who waits for the warehouse waits for it. What is
    asked while it is at work is made once, when it is done.
    """

    place: Workplace
    run_id: str
    job: str
    _asked: Event = field(default_factory=Event)
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "dashboard"))

    def ask(self) -> None:
        self._asked.set()
        self._hands.submit(self._draw)

    def finish(self) -> None:
        """Waits for what was asked."""
        self._hands.shutdown()

    def _draw(self) -> None:
        if not self._asked.is_set():
            return
        self._asked.clear()
        with self.place.history.step(self.run_id, "publish", "dashboard", self.job) as told:
            try:
                site = build_dashboard(self.place)
            except (PageError, duckdb.Error, OSError) as error:
                # A page that fails is told of, and keeps nothing else from being published.
                told.failed = words(error)
                return
            if site:
                told.rows, told.said = site.written, f"{site.pages} pages"


def addresses(config: Config) -> dict[str, str]:
    """Where the tickets of a source are seen, with `{id}`; sources of which that is not known are
    left out.
    """
    found = {}
    for source in config.sources:
        if not isinstance(source, ApiSource) or source.url == SANDBOX:
            continue
        url = source.spec(config.base).url
        if source.kind in TICKETS:
            found[source.name] = url + TICKETS[source.kind]
        elif source.kind == "chatwoot" and (named := _CHATWOOT.match(url)):
            found[source.name] = f"{named[1]}/app/accounts/{named[2]}/conversations/{{id}}"
    return found
