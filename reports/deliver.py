"""Sending, once: what is due in the outbox leaves by its channel, one message after the other.

Messages are small and few, and a receiver that does not answer is tried again later; so nothing
is sent at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from reports.channels import Channel
from reports.errors import SendError
from reports.outbox import RETRIES, Kept, Outbox

UNKNOWN_CHANNEL = "its address is not among those of bookbag.toml and the environment"


@dataclass(frozen=True)
class Sent:
    """How many messages arrived, and how many did not."""

    arrived: int
    failed: int


def send_due(
    outbox: Outbox,
    channels: Sequence[Channel],
    *,
    within_s: float | None = None,
    public: Callable[[str], str] = str,
    not_before: Callable[[datetime, str], datetime] = lambda at, severity: at,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Sent:
    """Sends what is due. Begins nothing after `within_s`; what is left is due the next time.
    `public` takes out of an error what is nobody's business; `not_before` says from when something
    of a severity may leave, which is also when it is tried again.
    """

    def again_at(message: Kept) -> datetime | None:
        if message.attempts >= len(RETRIES):
            return None
        return not_before(now() + RETRIES[message.attempts], message.severity)

    known = {channel.channel_id: channel for channel in channels}
    arrived = failed = 0
    began = monotonic()
    with outbox.sender() as is_mine:
        for message in outbox.due(now()) if is_mine else ():
            if within_s is not None and monotonic() - began > within_s:
                break
            if not outbox.begin(message):
                continue
            channel = known.get(message.channel)
            try:
                if channel is None:
                    raise SendError(UNKNOWN_CHANNEL)
                channel.send(message, outbox.folder)
            except SendError as error:
                again = None if error.is_final else again_at(message)
                outbox.fail(message, public(str(error)), again)
                failed += 1
            except Exception as error:
                # One receiver's trouble, whatever it is, keeps nothing from the others; it is told
                # where what was not delivered is.
                outbox.fail(message, public(f"{type(error).__name__}: {error}"), again_at(message))
                failed += 1
            else:
                outbox.end(message, now(), is_file=channel.is_file)
                arrived += 1
    return Sent(arrived, failed)
