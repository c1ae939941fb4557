"""The dashboard of an account: made of the published copy, told where its tickets are seen."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from bookbag_orchestration.publishing import STEM
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import SANDBOX, ApiSource, Config
from reports.evidence.audience import TEAM
from reports.evidence.site import Site, build_site

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
    made = [
        build_site(
            copy, folder, place.own_pages, addresses=addresses(place.config), is_team=is_team
        )
        for folder, is_team in ((place.site, False), (place.site / TEAM, True))
    ]
    return Site(sum(each.pages for each in made), sum(each.written for each in made))


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
