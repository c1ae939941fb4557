"""Running the sandbox: for as long as a block lasts, or until it is stopped.

It listens on this machine's loopback address only; what it serves is made up, but its doors are
open to anybody who can reach it.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

HOST = "127.0.0.1"
STOP_WITHIN_S = 10


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


def serve_forever(app: Starlette, port: int) -> None:
    """Serve `app` until interrupted. OSError if the port is taken."""
    listener = _listen(port)
    try:
        _server(app).run([listener])
    finally:
        listener.close()
