"""The first load of a table of Shopify's: a bulk operation, and the file that it leaves.

Pages are paid for in points, an operation is not, and it has no depth at which it ends. Its id is
in the state before it is waited for, and so is the byte that its file is read to: a sync that is
stopped goes on with both. Lists inside an order may be cut there without a word, so an order with
fewer items in its lines than it counts itself is asked for again.
"""

from collections.abc import Iterator
from time import sleep
from typing import Any

import orjson

from ingestion.api import Api, Page
from ingestion.documents import Document
from ingestion.errors import IngestError
from ingestion.run import SourceRun
from ingestion.shopify_calls import ask, lines_of
from ingestion.shopify_queries import OPERATION, START
from ingestion.streams import State

PAGE = 1_000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0
RUNNING = ("CREATED", "RUNNING", "CANCELING")


class NoBulkError(IngestError):
    """An operation that Shopify does not run, or whose file is not all that it should be."""


def bulk_pages(api: Api, state: State, run: SourceRun, query: str) -> Iterator[Page]:
    """All rows of a query, from where the state says on; an order with its lines.

    In the end `updated_at` of the state is when the operation was made. Raises NoBulkError where
    the rows are to be paged instead; some of them may have been given out.
    """
    if "bulk" not in state:
        state["bulk"] = _started(api, query) | {"at": 0, "lines": 0}
        run.sync.read(run.sync.documents)  # ends the pass, which lands the state
        yield Page([])
    operation = _ended(api, state["bulk"]["id"], run)
    if operation is None:
        yield Page([])
        return
    yield from _pages(api, state, operation)


def _started(api: Api, query: str) -> State:
    """Raises NoBulkError for any reason: if it is one that pages meet too, they will tell it."""
    try:
        told = ask(api, START, query=query).get("bulkOperationRunQuery") or {}
    except IngestError as error:
        raise NoBulkError(str(error)) from error
    operation = told.get("bulkOperation")
    if operation is None:
        errors = [error["message"] for error in told.get("userErrors") or ()]
        raise NoBulkError(f"source {api.spec.name}: no bulk operation: {' '.join(errors)}")
    return {"id": operation["id"], "created_at": operation["createdAt"]}


def _ended(api: Api, key: str, run: SourceRun) -> dict[str, Any] | None:
    """The operation when it has come to its end; None where the sync ends first."""
    pause = FIRST_PAUSE_S
    while True:
        operation: dict[str, Any] | None = ask(api, OPERATION, id=key)["bulkOperation"]
        if operation is None:
            raise NoBulkError(f"source {api.spec.name}: bulk operation {key} is not there.")
        if operation["status"] == "COMPLETED":
            return operation
        if operation["status"] not in RUNNING:
            raise NoBulkError(
                f"source {api.spec.name}: bulk operation {key} is {operation['status']}"
                f" ({operation['errorCode']})."
            )
        if run.sync.is_late:
            return None
        sleep(pause)
        pause = min(1.3 * pause, LONGEST_PAUSE_S)


def _pages(api: Api, state: State, operation: dict[str, Any]) -> Iterator[Page]:
    """The rows of a file. A line with no parent begins one; those inside it come right behind."""
    place, rows = state["bulk"], list[Document]()
    lines, before = place["lines"], place["at"]
    for line, behind in _lines(api, place, operation):
        row = orjson.loads(line)
        parent = row.pop("__parentId", None)
        if parent is None:
            if len(rows) >= PAGE:
                place |= {"at": before, "lines": lines}
                yield Page([_whole(api, each) for each in rows])
                rows = []
            rows.append(row)
        elif rows and rows[-1]["id"] == parent:
            rows[-1].setdefault("lineItems", {"nodes": []})["nodes"].append(row)
        else:
            raise NoBulkError(f"source {api.spec.name}: {row['id']} does not lie under its order.")
        lines, before = lines + 1, behind
    if lines < int(operation["objectCount"]):
        raise NoBulkError(
            f"source {api.spec.name}: the file of {place['id']} holds {lines} of"
            f" {operation['objectCount']} objects."
        )
    state["updated_at"] = state.pop("bulk")["created_at"]
    yield Page([_whole(api, each) for each in rows])


def _lines(api: Api, place: State, operation: dict[str, Any]) -> Iterator[tuple[bytes, int]]:
    """An operation that found nothing has no file."""
    if operation["url"] is None:
        return
    try:
        yield from api.lines(operation["url"], place["at"], int(operation["fileSize"] or 0))
    except IngestError as error:
        raise NoBulkError(str(error)) from None


def _whole(api: Api, row: Document) -> Document:
    """A row as it is told in pages: an order has all its lines, be there none."""
    if (items := row.pop("subtotalLineItemsQuantity", None)) is not None:
        lines = row.setdefault("lineItems", {"nodes": []})
        if sum(line["quantity"] for line in lines["nodes"]) < items:
            lines["nodes"] = lines_of(api, row["id"]) or lines["nodes"]
    return row
