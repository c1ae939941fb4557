"""Who is told of incidents, and that they are: the outbox between the alert step and the world.

The step puts messages in, in the run that found the incidents; they leave from whatever process
comes by next, the daemon's sensor within seconds, the command at its end. Neither needs the
warehouse for that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cached_property
from itertools import chain
from zoneinfo import ZoneInfo

import duckdb

from bookbag_orchestration.pipeline_runs import published
from bookbag_orchestration.resources import Workplace
from bookbag_orchestration.settings import (
    owner_key,
    read_addresses,
    read_mail_server,
    read_receivers,
)
from expectations.anomalies.incidents import LEARNED_RULES
from reports.channels import Channel, channels
from reports.deliver import Sent, send_due
from reports.incidents import read_incidents
from reports.telling import Times, first_told, put_news

# When an incident was first told: what was written into a file was told to nobody.
_NOTIFIED = """
update marts.alerts as alerts
set notified_at = told.sent_at
from told
where told.alert_id = alerts.alert_id and alerts.notified_at is distinct from told.sent_at"""


@dataclass(frozen=True)
class Directory:
    """Whom the account has: channels of everybody, of owners who have their own, and of those who
    get reports.
    """

    place: Workplace

    @property
    def channels(self) -> list[Channel]:
        of_reports = map(self.receivers, self.place.config.reports.deliveries)
        return list(dict.fromkeys(chain(self._all, *self._of_owners.values(), *of_reports)))

    @property
    def is_told(self) -> bool:
        """Whether there is anybody to be told of incidents."""
        return bool(self._all or any(self._of_owners.values()))

    def route(self, owner: str) -> Sequence[str]:
        """The ids of the channels by which an owner is told."""
        return [each.channel_id for each in self._of_owners.get(owner_key(owner), self._all)]

    def receivers(self, report: str) -> list[Channel]:
        """Who gets a report, weekly or monthly."""
        named = self.place.config.reports.deliveries[report].to
        return channels(read_receivers(report) or named, self.mail_server)

    @cached_property
    def _all(self) -> list[Channel]:
        given = self._given.get("", self.place.config.alerts.to)
        return channels(given, self.mail_server)

    @cached_property
    def _of_owners(self) -> dict[str, list[Channel]]:
        named = {owner_key(owner): to for owner, to in self.place.config.alerts.owners.items()}
        own = {owner: to for owner, to in self._given.items() if owner}
        return {owner: channels(to, self.mail_server) for owner, to in {**named, **own}.items()}

    @cached_property
    def _given(self) -> dict[str, list[str]]:
        return read_addresses()

    @property
    def mail_server(self) -> str | None:
        return read_mail_server() or self.place.config.mail.server


def _times(place: Workplace) -> Times:
    given = place.config.alerts
    zone = ZoneInfo(place.config.account.timezone)
    return Times(zone, given.quiet_hours, time.fromisoformat(given.digest))


def put(place: Workplace, connection: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """Puts into the outbox what is new in `marts.alerts`; how many messages that is."""
    directory = Directory(place)
    if not directory.is_told:
        return 0
    incidents = read_incidents(connection, now, LEARNED_RULES)
    return put_news(place.outbox, incidents, directory.route, _times(place), now)


def send(place: Workplace, within_s: float | None = None) -> Sent:
    """Sends what is due, for as long as `within_s`."""
    return send_due(
        place.outbox,
        Directory(place).channels,
        within_s=within_s,
        public=lambda error: published(error) or "",
        not_before=_times(place).due_at,
    )


def retry(place: Workplace) -> Sent:
    """Sends what is dead, and what is due; what is for an address that is no more is dropped."""
    known = [channel.channel_id for channel in Directory(place).channels]
    place.outbox.retry(known, datetime.now(UTC))
    return send(place)


def note_told(place: Workplace, connection: duckdb.DuckDBPyConnection) -> None:
    """Writes to `marts.alerts` when each incident was told."""
    first = first_told(place.outbox.messages())
    connection.execute("create or replace temp table told (alert_id varchar, sent_at timestamptz)")
    if first:
        connection.executemany("insert into told values (?, ?)", list(first.items()))
    connection.execute(_NOTIFIED)
    connection.execute("drop table told")
