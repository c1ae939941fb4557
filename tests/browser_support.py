"""A browser that clicks for the tests, and what it saw: where it asked, and what went wrong.

The browser is the machine's own, since what Playwright would download is no package of an index.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response, WebSocket, sync_playwright

NAMED = "CHROME_BIN"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WITHIN_MS = 30_000
# What a page makes for itself; nobody is asked for it.
OWN_SCHEMES = ("blob", "data")
# A page that goes on to the next one lets go of what it still waits for.
LET_GO = "net::ERR_ABORTED"
# Messages come and go; each is kept, with the icon that says what it is.
KEEP_MESSAGES = """
window.messages = [];
new MutationObserver(() => {
    for (const text of document.querySelectorAll('[class*="Toaster_toastMessage"]')) {
        const icon = text.parentElement.querySelector('[role="img"]');
        const said = `${icon ? icon.getAttribute('aria-label') : ''}: ${text.textContent}`;
        if (!window.messages.includes(said)) window.messages.push(said);
    }
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


@dataclass
class Seen:
    """What a page did: `hosts` it asked, with their ports; `asked`, how many answers GraphQL gave;
    `faults`, what failed, in words.
    """

    hosts: set[str] = field(default_factory=set)
    asked: int = 0
    faults: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Writes down from now on."""
        page.on("request", lambda request: self._host(request.url))
        page.on("requestfailed", self._failed)
        page.on("requestfinished", self._finished)
        page.on("response", self._answered)
        page.on("websocket", self._socket)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))

    def _host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in OWN_SCHEMES:
            self.hosts.add(parts.netloc)

    def _failed(self, request: Request) -> None:
        if request.failure != LET_GO:
            self.faults.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.url}: {response.status}")

    def _finished(self, request: Request) -> None:
        if urlsplit(request.url).path == "/graphql" and (response := request.response()):
            self.asked += 1
            self._judge(request.url, response.text())

    def _socket(self, socket: WebSocket) -> None:
        self._host(socket.url)
        socket.on("framereceived", lambda text: self._judge(socket.url, str(text)))

    def _judge(self, url: str, text: str) -> None:
        signs = ('"errors":', '"__typename":"PythonError"', '"type":"error"')
        close = text.replace('": ', '":')
        self.faults += [f"{url}: {close[:500]}" for sign in signs if sign in close]


@contextmanager
def browsing() -> Iterator[tuple[Page, Seen]]:
    """A page of a new browser without a window. RuntimeError where the machine has none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        try:
            page, seen = browser.new_page(viewport={"width": 1600, "height": 1000}), Seen()
            page.set_default_timeout(WITHIN_MS)
            page.add_init_script(KEEP_MESSAGES)
            seen.watch(page)
            yield page, seen
        finally:
            browser.close()


def program() -> str:
    """Chromium, or a browser that is made of it."""
    found = (shutil.which(name) for name in (os.environ.get(NAMED), *PROGRAMS) if name)
    path = next((path for path in found if path), None)
    if path is None:
        raise RuntimeError(
            f"The tests need a Chromium: {NAMED} names none, and none of {', '.join(PROGRAMS)} is"
            " on PATH. Install one (Debian: apt-get install chromium)."
        )
    return path
