"""`marts.alert_deliveries` and `marts.report_deliveries`: who was told of which incident, who got
which report, and what did not arrive.

Made for each published copy and no models, as the history of the runs is. Channels are named by
their ids: addresses are nobody's business, and keys are part of some.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from bookbag_orchestration.told_tables import write_told
from reports.outbox import Kept, Outbox
from reports.posting import HELD, REPORT

# Columns of each table: type, and what it says.
Columns = Mapping[str, tuple[pa.DataType, str]]
_TEXT, _INSTANT = pa.string(), pa.timestamp("us", "UTC")
_WAY: Columns = {
    "channel": (_TEXT, "Where it goes: the kind of address, and a name for it."),
    "state": (
        _TEXT,
        "queued, sending, sent, written (to a file: there is no mail server), dead (not delivered),"
        " or withdrawn (over before it left).",
    ),
    "queued_at": (_INSTANT, "When a run put it into the outbox."),
    "due_at": (_INSTANT, "When it leaves, or is tried again."),
    "sent_at": (_INSTANT, "When it had arrived; NULL if it has not."),
    "attempts": (pa.int64(), "How often it was tried."),
    "error": (_TEXT, "Why the newest attempt failed; NULL if none has."),
}
ALERTS: Columns = {
    "message_id": (_TEXT, "The message; one may tell of several incidents."),
    "alert_id": (_TEXT, "The incident, as in alerts."),
    "event": (
        _TEXT,
        "opened, worse, again (somebody asked to be told again), recovered, or digest.",
    ),
    "severity": (_TEXT, "The gravest of the incidents that it tells of."),
    **_WAY,
}
REPORTS: Columns = {
    "message_id": (_TEXT, "The message; one a receiver."),
    "report": (_TEXT, "weekly or monthly."),
    "period": (_TEXT, "The week (2026-W47) or month (2026-10)."),
    "event": (_TEXT, "report, or held: what tells an owner that it waits for a late source."),
    **_WAY,
}


# What a mail server says in its own words may name people; its codes do not.
_SAID = re.compile(r"(the mail server: \d{3}(?: \d\.\d+\.\d+)?).*", re.DOTALL)


def write_deliveries(copy: duckdb.DuckDBPyConnection, outbox: Outbox) -> None:
    """Makes both tables in a copy that has the schema."""
    messages = outbox.messages()
    alerts = [
        {
            "message_id": each.message_id,
            "alert_id": alert_id,
            "event": each.event.split()[0],
            "severity": each.severity,
            **_way(each),
        }
        for each in messages
        if each.event.split()[0] not in (REPORT, HELD)
        for alert_id in each.subjects
    ]
    _write(copy, "alert_deliveries", ALERTS, alerts)
    _write(copy, "report_deliveries", REPORTS, list(_reports(messages)))


def _reports(messages: list[Kept]) -> Iterator[dict[str, Any]]:
    for each in messages:
        event = each.event.split()[0]
        if event in (REPORT, HELD):
            for subject in each.subjects:
                report, _, period = subject.partition(" ")
                names = {"message_id": each.message_id, "report": report, "period": period}
                yield {**names, "event": event, **_way(each)}


def _way(message: Kept) -> dict[str, Any]:
    return {
        "channel": message.channel,
        "state": message.state,
        "queued_at": message.created_at,
        "due_at": message.due_at,
        "sent_at": message.sent_at,
        "attempts": message.attempts,
        "error": _SAID.sub(r"\1", message.error) if message.error else None,
    }


def _write(
    copy: duckdb.DuckDBPyConnection, name: str, columns: Columns, rows: list[dict[str, Any]]
) -> None:
    schema = pa.schema([(column, kind) for column, (kind, _) in columns.items()])
    comments = {column: said for column, (_, said) in columns.items()}
    write_told(copy, name, pa.Table.from_pylist(rows, schema), comments)
