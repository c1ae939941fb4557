"""The dashboard of an account: made of the published copy, told where its tickets are seen."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from bookbag_orchestration.publishing import STEM
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.sections import SANDBOX, ApiSource, Config
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
    """Writes the pages that have changed; None where nothing is published yet. Raises PageError."""
    copy = place.published / f"{STEM}.duckdb"
    if not copy.exists():
        return None
    return build_site(copy, place.site, place.own_pages, addresses=addresses(place.config))


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
