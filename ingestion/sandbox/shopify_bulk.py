"""Shopify's bulk operations: a query that runs by itself and leaves a file of JSON lines.

Kept of the real ones: rows of a list inside a row are lines of their own, which name their parent;
they lie under it only if that is asked for (`groupObjects`). Queries must reach rows through
`edges`, and the file has an address with a signature, where no credentials belong.
"""

import os
import secrets
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile
from threading import Thread
from typing import BinaryIO, cast

import orjson
from graphql import GraphQLError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from ingestion.sandbox.clock import Clock, seconds
from ingestion.sandbox.shopify_answers import Field, checked, plan, shown
from ingestion.sandbox.shopify_lists import Lists
from ingestion.sandbox.shopify_pages import MOST_ROWS, JsonRow
from ingestion.sandbox.shopify_store import ShopifyStore, gid, iso

AT_ONCE = 5
MOST_CHILDREN: int | None = None
"""How many rows of a list inside a row the file holds; of those left out it says nothing."""
OUTCOME: tuple[str, str | None] = ("COMPLETED", None)
"""What operations end as, and the code of the error."""


def _nameless() -> BinaryIO:
    """A file that is gone with the process, however that one ends."""
    return cast(BinaryIO, TemporaryFile())


@dataclass
class Operation:
    """A bulk operation; `rows` is every row of the list that its query asks for."""

    number: int
    query: str
    rows: Iterator[JsonRow]
    listed: Field
    is_grouped: bool
    created_at: str | None
    file: BinaryIO = field(default_factory=_nameless)
    status: str = "CREATED"
    code: str | None = None
    ended_at: str | None = None
    objects: int = 0
    roots: int = 0
    signature: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def __post_init__(self) -> None:
        weakref.finalize(self, self.file.close)

    @property
    def is_running(self) -> bool:
        return self.status in ("CREATED", "RUNNING")

    def told(self, files: str) -> JsonRow:
        """As a query reads it; `files` is the address that files are under."""
        size = None if self.is_running else os.fstat(self.file.fileno()).st_size
        url = f"{files}/{self.number}.jsonl?signature={self.signature}" if size else None
        is_whole = self.status == "COMPLETED"
        return {
            "id": gid("BulkOperation", self.number),
            "status": self.status,
            "errorCode": self.code,
            "query": self.query,
            "createdAt": self.created_at,
            "completedAt": self.ended_at,
            "objectCount": str(self.objects),
            "rootObjectCount": str(self.roots),
            "fileSize": None if size is None else str(size),
            "url": url if is_whole else None,
            "partialDataUrl": None if is_whole else url,
        }


class BulkOperations:
    """Those of one store. Each runs in a thread of its own; the store does not change."""

    def __init__(self, store: ShopifyStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._operations: dict[int, Operation] = {}

    def start(self, files: str, query: str, groupObjects: bool) -> JsonRow:
        """The answer to `bulkOperationRunQuery`."""
        if sum(operation.is_running for operation in self._operations.values()) >= AT_ONCE:
            return _refused(
                "Bulk operations limit reached. Please try again later.", "LIMIT_REACHED"
            )
        now, number = self._clock.now(), len(self._operations) + 1
        lists = Lists(self._store, seconds(now))
        try:
            root = _root_of(query)
            rows = lists.every(root.name, **root.arguments)
        except GraphQLError as error:
            return _refused(error.message, "INVALID")
        created_at = iso(seconds(now))
        operation = Operation(number, query, rows, root, groupObjects, created_at)
        self._operations[number] = operation
        told = operation.told(files)
        Thread(target=self._run, args=(operation,), daemon=True).start()
        return {"bulkOperation": told, "userErrors": []}

    def operation(self, files: str, id: str) -> JsonRow | None:
        number = id.removeprefix(gid("BulkOperation", 0)[:-1])
        found = self._operations.get(int(number)) if number.isdigit() else None
        return found.told(files) if found else None

    async def file(self, request: Request) -> Response:
        """A file, or a part of it. It is another host's in truth, which refuses credentials."""
        found = self._operations.get(request.path_params["number"])
        if found is None or request.query_params.get("signature") != found.signature:
            raise HTTPException(403, "the signature does not match")
        if "x-shopify-access-token" in request.headers:
            raise HTTPException(400, "an access token has no business here")
        return FileResponse(f"/dev/fd/{found.file.fileno()}", media_type="application/jsonl")

    def _run(self, operation: Operation) -> None:
        operation.status = "RUNNING"
        outcome: tuple[str, str | None] = ("FAILED", "INTERNAL_SERVER_ERROR")
        try:
            write(operation, operation.file)
            operation.file.flush()
            outcome = OUTCOME
        finally:
            operation.ended_at = iso(seconds(self._clock.now()))
            status, operation.code = outcome
            operation.status = status  # last, since it says that the rest is told


def write(operation: Operation, file: BinaryIO) -> None:
    """Writes a line a row; lines of lists inside rows come last unless they are grouped."""
    (node,) = _nodes(operation.listed)
    own = tuple(each for each in node.below if not each.is_connection)
    inner = [(each, *_nodes(each)) for each in node.below if each.is_connection]
    late: list[bytes] = []
    for row in operation.rows:
        file.write(orjson.dumps(shown(row, own)) + b"\n")
        operation.roots += 1
        operation.objects += 1
        for listed, child in inner:
            for below in islice(_every(row, listed), MOST_CHILDREN):
                told = shown(below, child.below) | {"__parentId": row["id"]}
                line = orjson.dumps(told) + b"\n"
                operation.objects += 1
                if operation.is_grouped:
                    file.write(line)
                else:
                    late.append(line)
    file.writelines(late)


def _every(row: JsonRow, listed: Field) -> Iterator[JsonRow]:
    """All rows of a list inside a row, whatever page of it is asked for."""
    after = None
    while True:
        page = row[listed.name](first=MOST_ROWS, after=after)
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _root_of(query: str) -> Field:
    """The list that a query asks for. GraphQLError for what cannot run in bulk."""
    document, wrong = checked(query)
    if document is None or wrong:
        raise wrong[0]
    is_mutation, fields = plan(document, {})
    if is_mutation:
        raise GraphQLError("Invalid operation type. Only `query` operations are supported.")
    if len(fields) != 1 or not fields[0].is_connection:
        raise GraphQLError("Bulk queries must contain at least one connection.")
    for node in _nodes(fields[0]):
        lists = [each for each in node.below if each.is_connection]
        if lists and "id" not in {each.key for each in node.below}:
            raise GraphQLError("The parent 'node' field for a nested connection must select 'id'.")
        for listed in lists:
            _nodes(listed)
    return fields[0]


def _nodes(listed: Field) -> list[Field]:
    """The `node` of a list's `edges`. GraphQLError for a list that is asked for otherwise."""
    found = [
        node
        for edges in listed.below
        if edges.name == "edges"
        for node in edges.below
        if node.name == "node"
    ]
    if len(found) != 1 or any(each.name == "nodes" for each in listed.below):
        raise GraphQLError(
            "All connection fields in a bulk query must select their contents using 'edges' >"
            f" 'node'. Invalid connection fields: '{listed.name}'."
        )
    return found


def _refused(message: str, code: str) -> JsonRow:
    error = {"field": ["query"], "message": message, "code": code}
    return {"bulkOperation": None, "userErrors": [error]}
