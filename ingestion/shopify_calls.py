"""How Shopify's GraphQL Admin API is asked, and how its answers are refused or put off.

Limits are points, not calls: an answer tells what its query cost and what is left, and errors come
with status 200 too.
"""

from collections.abc import Mapping
from time import sleep
from typing import Any

from ingestion.api import Api, RefusedError
from ingestion.documents import Document
from ingestion.errors import IngestError, UnavailableError
from ingestion.shopify_queries import MORE_LINES

PATH = "admin/api/2026-07/graphql.json"
TRANSIENT = {"THROTTLED", "INTERNAL_SERVER_ERROR"}


class TooDearError(IngestError):
    """A query that costs more points than one query may."""


def ask(api: Api, question: str, /, **variables: Any) -> dict[str, Any]:
    """The data of one answer. Raises IngestError for errors, of its kind where it is known."""
    for _ in range(api.spec.patience.attempts):
        body = api.post(PATH, {"query": question, "variables": variables})
        errors = body.get("errors") or []
        codes = {(error.get("extensions") or {}).get("code") for error in errors}
        sleep(min(restore_s(body), api.spec.patience.pause_s))
        if not codes & TRANSIENT:
            break
    if not errors:
        data: dict[str, Any] = body["data"]
        return data
    told = f"source {api.spec.name}: {api.spec.url}/{PATH}: {errors[0].get('message')}"
    if "MAX_COST_EXCEEDED" in codes:
        raise TooDearError(told)
    if "ACCESS_DENIED" in codes:
        raise RefusedError(f"{told} Check the scopes of the app.")
    kind = UnavailableError if codes & TRANSIENT else IngestError
    raise kind(f"{told} ({', '.join(sorted(filter(None, codes)))})")


def restore_s(body: Mapping[str, Any]) -> float:
    """Seconds until there are points again for a query like the one answered."""
    cost = (body.get("extensions") or {}).get("cost") or {}
    left = cost.get("throttleStatus")
    if not left:
        return 0.0
    wanted = min(cost.get("requestedQueryCost") or 0, left["maximumAvailable"])
    return max(0.0, float(wanted - left["currentlyAvailable"]) / float(left["restoreRate"]))


def lines_of(api: Api, order: str, after: str | None = None) -> list[Document]:
    """The lines of an order behind a cursor; none of an order that is gone."""
    lines: list[Document] = []
    is_last = False
    while not is_last:
        found = ask(api, MORE_LINES, id=order, after=after)["order"]
        if found is None:
            break
        page = found["lineItems"]
        lines += page["nodes"]
        after, is_last = page["pageInfo"]["endCursor"], not page["pageInfo"]["hasNextPage"]
    return lines
