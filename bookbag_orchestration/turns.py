"""Whose turn at the warehouse it is: one file that a process holds while it works there.

The system lets go of it however the process ends, so nothing is ever left locked.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

LOOK_S = 0.2


@contextmanager
def turn(
    folder: Path, *, wait_s: float | None = None, waits: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Holds the folder's turn, or waits for it: `waits` is called once, before the wait.

    Raises TimeoutError after `wait_s`; None waits for good.
    """
    folder.mkdir(parents=True, exist_ok=True)
    began, has_told = monotonic(), False
    with (folder / "turn.lock").open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if wait_s is not None and monotonic() - began >= wait_s:
                    raise TimeoutError from None
            if not has_told:
                waits()
                has_told = True
            sleep(LOOK_S)
        yield
