"""Sending, once: what is due in the outbox leaves by its channel, one delivery after the other.

Messages are small and few, and a receiver that does not answer is tried again later; so nothing
is sent at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from reports.channels import Channel, SendError
from reports.outbox import Outbox

UNKNOWN_CHANNEL = "its address is no longer among those of bookbag.toml"


@dataclass(frozen=True)
class Sent:
    """How many deliveries arrived, and how many did not."""

    arrived: int
    failed: int


def send_due(
    outbox: Outbox,
    channels: Sequence[Channel],
    *,
    within_s: float | None = None,
    public: Callable[[str], str] = str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Sent:
    """Sends what is due. Begins no delivery after `within_s`; what is left is due the next time.
    `public` takes out of an error what is nobody's business.
    """
    known = {channel.channel_id: channel for channel in channels}
    arrived = failed = 0
    began = monotonic()
    with outbox.sender() as is_mine:
        for delivery in outbox.due(now()) if is_mine else ():
            if within_s is not None and monotonic() - began > within_s:
                break
            channel = known.get(delivery.channel)
            if channel is None:
                outbox.fail(delivery, UNKNOWN_CHANNEL, now(), is_final=True)
                failed += 1
                continue
            outbox.begin(delivery)
            try:
                channel.send(delivery, outbox.folder)
            except SendError as error:
                outbox.fail(delivery, public(str(error)), now(), is_final=error.is_final)
                failed += 1
            else:
                outbox.end(delivery, now(), is_file=channel.is_file)
                arrived += 1
    return Sent(arrived, failed)
