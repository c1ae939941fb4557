"""The connectors against mocks that are made of the vendors' OpenAPI documents alone.

A mock (Prism, which runs on Node.js) refuses what its document does not allow to be asked, and
answers with the document's examples or, where it has none, with any values of the types that it
names. It gives the same page for ever. Node.js has to be there: a missing one is a failure.
Chatwoot's lists end with an empty page, which a mock never gives: there it is seen to be told.
"""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion import TABLES
from ingestion.errors import IngestError
from tests.models import Model
from tests.openapi_support import VENDORS
from tests.recordings_support import bodies, playing
from tests.source_support import Desk

PRISM = "@stoplight/prism-cli@5.16.0"
"""Fetched by npx from the registry that npm is set to, and kept in npm's own cache."""
FETCHED_WITHIN_S, READY_WITHIN_S = 180, 60
EMPTY: Mapping[str, Set[str]] = {
    "zendesk": {"ticket_audits", "ticket_fields", "survey_responses", "surveys"},
    "gorgias": {"events", "satisfaction_surveys", "users", "teams", "tags", "custom_fields"},
    "freshdesk": set(),
    "intercom": {"deleted_conversations", "contacts", "teams"},
}
PATIENCE_S = 20
SAME_PAGE = "names the page that it has just given as the next one"


@dataclass(frozen=True)
class Mock:
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the mock did not start: {self.log.read_text()[-2000:]}")


@contextmanager
def started(prism: str, file: Path, spec: Any) -> Iterator[Mock]:
    file.write_text(json.dumps(spec, default=str))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [prism, "mock", "-h", "127.0.0.1", "-p", str(port), str(file)]
    with file.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield Mock(port, process, file.with_suffix(".log"))
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def mocks(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The address of each vendor's mock, and of two whose pages never end."""
    npx = shutil.which("npx")
    assert npx, "there is no npx: install Node.js 20 or newer, which the mocks run on"
    fetch = [npx, "--yes", f"--package={PRISM}", "-c", "command -v prism"]
    prism = subprocess.run(
        fetch, check=True, timeout=FETCHED_WITHIN_S, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    specs = {kind: vendor.spec(shared, ends=True) for kind, vendor in VENDORS.items()}
    specs["endless"] = VENDORS["gorgias"].spec(shared)
    text = (shared / "data/payloads_chatwoot/chatwoot-application-api-openapi.yml").read_bytes()
    specs["chatwoot"] = yaml.load(text, yaml.CSafeLoader)
    folder = tmp_path_factory.mktemp("mocks")
    with ExitStack() as stack:
        found = {
            kind: stack.enter_context(started(prism, folder / f"{kind}.json", spec))
            for kind, spec in specs.items()
        }
        for mock in found.values():
            mock.wait()
        yield {kind: mock.base for kind, mock in found.items()}


@pytest.mark.parametrize("kind", VENDORS)
def test_a_connector_reads_what_a_document_describes(
    kind: str, mocks: Mapping[str, str], models: list[Model], tmp_path: Path
) -> None:
    """A row of each table that a document has rows of."""
    desk = Desk(kind, mocks[kind], tmp_path)
    assert desk.sync().refused == ()
    landed = {table: len(found) for table, found in desk.documents().items()}
    assert landed == {table: int(table not in EMPTY[kind]) for table in TABLES[kind]}
    with desk.staged(models) as connection:
        counted = connection.execute(f"select count(*) from staging.stg_{kind}__tickets")
        assert counted.fetchall() == [(1,)]


def test_a_mock_that_never_ends_is_told(mocks: Mapping[str, str], tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=f"/api/tickets {SAME_PAGE}"):
        Desk("gorgias", mocks["endless"], tmp_path).sync(seconds=PATIENCE_S)


def test_what_a_mock_of_chatwoot_is_asked_is_allowed(
    mocks: Mapping[str, str], tmp_path: Path
) -> None:
    """Who the token is, conversations with their messages and log, and that they have no end."""
    with pytest.raises(IngestError, match="/conversations gives the same page 3 times"):
        Desk("chatwoot", f"{mocks['chatwoot']}/accounts/0", tmp_path).sync(seconds=PATIENCE_S)


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (
            "zendesk",
            "/api/v2/incremental/tickets/cursor.json",
            {"tickets": [], "end_of_stream": False, "after_cursor": "abc",
             "after_url": "https://desk.example/api/v2/incremental/tickets/cursor.json?cursor=abc"},
        ),
        (
            "intercom",
            "/conversations/search",
            {"conversations": [], "pages": {"next": {"starting_after": "abc"}}},
        ),
    ],
)  # fmt: skip
def test_a_list_that_never_ends_is_told(kind: str, path: str, body: Any, tmp_path: Path) -> None:
    with playing(bodies({path: body})) as player:
        with pytest.raises(IngestError, match=f"{path} {SAME_PAGE}"):
            Desk(kind, player.base, tmp_path).sync(seconds=PATIENCE_S)
    assert player.asked(200) == [path, path]
