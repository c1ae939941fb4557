"""`marts.alert_deliveries`: who was told of which incident, and what did not arrive.

Made for each published copy and no model, as the history of the runs is. Channels are named by
their ids: addresses are nobody's business, and keys are part of some.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from bookbag_orchestration.told_tables import write_told
from reports.outbox import Outbox

# Columns of marts.alert_deliveries: type, and what it says.
COLUMNS: Mapping[str, tuple[pa.DataType, str]] = {
    "message_id": (pa.string(), "The message; one may tell of several incidents."),
    "alert_id": (pa.string(), "The incident, as in alerts."),
    "event": (
        pa.string(),
        "opened, worse, again (somebody asked to be told again), recovered, or digest.",
    ),
    "severity": (pa.string(), "The gravest of the incidents that it tells of."),
    "channel": (pa.string(), "Where it goes: the kind of address, and a name for it."),
    "state": (
        pa.string(),
        "queued, sending, sent, written (to a file: there is no mail server), dead (not delivered),"
        " or withdrawn (over before it left).",
    ),
    "queued_at": (pa.timestamp("us", "UTC"), "When a run put it into the outbox."),
    "due_at": (pa.timestamp("us", "UTC"), "When it leaves, or is tried again."),
    "sent_at": (pa.timestamp("us", "UTC"), "When it had arrived; NULL if it has not."),
    "attempts": (pa.int64(), "How often it was tried."),
    "error": (pa.string(), "Why the newest attempt failed; NULL if none has."),
}


def write_deliveries(copy: duckdb.DuckDBPyConnection, outbox: Outbox) -> int:
    """Makes the table in a copy that has the schema; returns its rows."""
    rows = [
        {
            "message_id": each.message_id,
            "alert_id": alert_id,
            "event": each.event.split()[0],
            "severity": each.severity,
            "channel": each.channel,
            "state": each.state,
            "queued_at": each.created_at,
            "due_at": each.due_at,
            "sent_at": each.sent_at,
            "attempts": each.attempts,
            "error": each.error,
        }
        for each in outbox.messages()
        for alert_id in each.subjects
    ]
    schema = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
    comments = {name: said for name, (_, said) in COLUMNS.items()}
    return write_told(copy, "alert_deliveries", pa.Table.from_pylist(rows, schema), comments)
