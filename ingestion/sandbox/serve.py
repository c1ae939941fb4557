"""Running the sandbox: for as long as a block lasts, or until it is stopped.

It listens on this machine's loopback address only; what it serves is made up, but its doors are
open to anybody who can reach it.
"""

import multiprocessing
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"
STOP_WITHIN_S = 10
_LEASHES: list[Connection] = []
"""One end of a pipe for each server in the background; the other end lets go with this process."""


def _server(app: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host=HOST,
        log_level="error",
        date_header=False,  # the sandbox has its own time
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def running(app: Starlette, port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread; yields its base URL. Port 0 takes a free one.

    OSError if the port is taken, RuntimeError if the server does not end.
    """
    listener = _listen(port)
    server = _server(app)
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STOP_WITHIN_S)
        listener.close()
        if thread.is_alive():
            raise RuntimeError("sandbox: the server did not stop")


def in_background(make: Callable[[], Starlette]) -> Callable[[], str]:
    """Serves what `make` gives, which a new process can import, as long as this process lives.

    Returns at once; what it returns waits for the base URL. RuntimeError, then, if `make` failed;
    its own trace is on stderr.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    context.Process(target=_serve_for, args=(theirs, make), daemon=True, name="sandbox").start()
    theirs.close()
    _LEASHES.append(ours)

    @cache
    def address() -> str:
        try:
            return str(ours.recv())
        except EOFError:
            raise RuntimeError("sandbox: the server did not start") from None

    return address


def _serve_for(owner: Connection, make: Callable[[], Starlette]) -> None:
    """Ends with its owner, however that one ends: what is waited for never comes."""
    server, listener = _server(make()), _listen(0)

    def watch() -> None:
        owner.poll(None)
        server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    owner.send(f"http://{HOST}:{listener.getsockname()[1]}")
    server.run([listener])


def serve_forever(app: Starlette, port: int) -> None:
    """Serve `app` until interrupted. OSError if the port is taken."""
    listener = _listen(port)
    try:
        _server(app).run([listener])
    finally:
        listener.close()
