"""Receivers of messages on loopback: a mail server and an HTTP server that count what comes."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

KEY = "Idempotency-Key"


@dataclass
class Receivers:
    """`mails` and `posts` have arrived, with the keys that came along; HTTP answers `status`. Who
    has taken something thinks for `pause_s` before it says so.
    """

    mail: str = ""
    hook: str = ""
    status: int = 200
    pause_s: float = 0
    mails: list[EmailMessage] = field(default_factory=list)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Of all that has arrived."""
        return [*(str(mail[KEY]) for mail in self.mails), *(key for key, _ in self.posts)]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        await asyncio.sleep(self.pause_s)
        return "250 taken"


@contextmanager
def receivers() -> Iterator[Receivers]:
    """`mail` is the address of a mail server without a receiver, `hook` that of a webhook."""
    taken = Receivers()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if taken.status == 200:
                taken.posts.append((self.headers[KEY], body))
            time.sleep(taken.pause_s)
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is said."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(taken, hostname="127.0.0.1", port=port)
    controller.start()
    taken.mail = f"mailto://127.0.0.1:{port}?from=bookbag@acme.example"
    taken.hook = f"json://127.0.0.1:{server.server_port}/hook"
    try:
        yield taken
    finally:
        controller.stop()
        server.shutdown()
        server.server_close()
