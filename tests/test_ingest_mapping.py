"""Settings of a table's files: columns, constants, rows, values, nulls, and what cannot work."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from ingestion.errors import IngestError
from ingestion.export.mapping import FilesSpec, TableMapping, check_mapping
from tests.ingest_support import stage


def test_columns_constants_and_rows_are_the_files_own(tmp_path: Path) -> None:
    text = "Case ID;When;Who;Activity\nA;2026-03-01;Ann;Close\nB;2026-03-02;;open\nC;;;Close\n"
    staged = stage(
        tmp_path,
        "ticket_events.csv",
        text,
        "ticket_id, occurred_at, event_type, actor_id, actor_kind, seq, _extra",
        entity="ticket_events",
        columns={"ticket_id": "Case ID", "occurred_at": "When", "actor_id": "Who"},
        constants={"event_type": "closed", "actor_kind": "human_agent", "seq": 7},
        rows={"Activity": "^[A-Z]", "Who": "."},
        delimiter=";",
    )

    assert staged.rows == [
        ("A", datetime(2026, 3, 1), "closed", "Ann", "human_agent", 7, '{"Activity":"Close"}')
    ]
    result = staged.result
    assert (result.rows_read, result.rows_good, result.rows_ignored) == (3, 1, 2)
    assert result.columns == [
        "ticket_id", "occurred_at", "actor_id", "event_type", "actor_kind", "seq",
    ]  # fmt: skip


def test_a_json_row_without_the_column_of_rows_is_not_read(tmp_path: Path) -> None:
    rows = [{"ticket_id": "1"}, {"ticket_id": "2", "kind": "x"}]
    staged = stage(tmp_path, "tickets.jsonl", rows, "ticket_id", rows={"kind": "x"})

    assert staged.rows == ["2"]
    assert staged.result.rows_ignored == 1


def test_values_are_exact_and_may_name_a_value_beside_or_leave_out(tmp_path: Path) -> None:
    text = "ticket_id,occurred_at,event_type,to_value\n" + "".join(
        f"{n},2026-03-01,{event},{to}\n"
        for n, (event, to) in enumerate(
            [("Resolve", "confirmed"), ("Wait", "x"), ("Note", ""), ("wait", ""), ("Wait ", ""),
             ("closed", ""), ("", "")]
        )
    )  # fmt: skip
    staged = stage(
        tmp_path,
        "ticket_events.csv",
        text,
        "ticket_id, event_type, to_value",
        entity="ticket_events",
        values={
            "event_type": {
                "Resolve": "resolved",
                "Wait": "status_changed:pending",
                "Note": "",
                "": "reopened",
            }
        },
    )

    assert staged.rows == [
        ("0", "resolved", "confirmed"), ("1", "status_changed", "pending"),
        ("4", "status_changed", "pending"), ("5", "closed", None), ("6", "reopened", None),
    ]  # fmt: skip
    assert staged.result.rows_ignored == 1
    assert [(bad.line, bad.column) for bad in staged.bad] == [(5, "event_type")]


def test_nulls_are_for_all_columns_or_for_one(tmp_path: Path) -> None:
    text = "ticket_id,created_at,subject,category\n1,?,-,?\n2,2026-03-01,?,-\n"
    for_all = stage(
        tmp_path, "tickets.csv", text, "created_at, subject, category", nulls=("?", "-")
    )
    for_one = stage(
        tmp_path,
        "tickets.csv",
        text,
        "created_at, subject, category",
        nulls={"created_at": ("?",), "category": ("-",)},
    )

    assert for_all.rows == [(None, None, None), (datetime(2026, 3, 1), None, None)]
    assert for_one.rows == [(None, "-", "?"), (datetime(2026, 3, 1), "?", None)]


def test_nulls_and_values_hold_for_typed_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ticket_id": ["1", "2"],
            "is_sync": [True, False],
            "created_at": [datetime(1970, 1, 1)] * 2,
        }
    )
    staged = stage(
        tmp_path,
        "tickets.parquet",
        table,
        "is_sync, created_at",
        nulls={"created_at": ("1970-01-01 00:00:00",)},
        values={"is_sync": {"true": "no"}},
    )

    assert staged.rows == [(False, None), (False, None)]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (FilesSpec("s", "x", tables={"ticket": TableMapping()}), "tables.ticket: there is no such"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(columns={"id": "Nr"})}),
         "'id' is no column of tickets"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(rows={"a": "(?=x)"})}),
         "the expression '(?=x)' for rows of 'a' cannot be used"),
        (FilesSpec("s", "x", datetime_format="%Q"), "the datetime_format '%Q' cannot be used"),
        (FilesSpec("s", "x", delimiter="||"), "the delimiter '||' is not one ASCII character"),
        (FilesSpec("s", "x", encoding="latin"), ""),
        (FilesSpec("s", "x", encoding="klingon"), "the encoding 'klingon' is unknown"),
        (FilesSpec("s", "x", tables={"tickets": TableMapping(decimal=";")}),
         "tables.tickets: the decimal sign ';' is neither"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_fail_before_any_file(spec: FilesSpec, said: str) -> None:
    if not said:
        check_mapping(spec)
        return
    with pytest.raises(IngestError) as failure:
        check_mapping(spec)
    assert str(failure.value).startswith("source s")
    assert said in str(failure.value)


def test_a_real_event_log_is_read_as_its_mapping_says(shared: Path, tmp_path: Path) -> None:
    """The counts are those of `cut -d, -f3 helpdesk_events.csv | sort | uniq -c`."""
    log = (shared / "data" / "helpdesk_italian" / "helpdesk_events.csv").read_bytes()
    staged = stage(
        tmp_path,
        "events.csv",
        log,
        "event_type, to_value",
        entity="ticket_events",
        columns={
            "ticket_id": "case:concept:name",
            "occurred_at": "time:timestamp",
            "event_type": "concept:name",
            "actor_id": "org:resource",
            "seq": "event_no",
        },
        values={
            "event_type": {
                "Resolve ticket": "resolved",
                "Closed": "closed",
                "Wait": "status_changed:pending",
                "Insert ticket": "created",
                "Take in charge ticket": "assigned",
                "Assign seriousness": "priority_set",
                "Require upgrade": "",
            }
        },
    )

    assert Counter(staged.rows) == {
        ("assigned", None): 5060,
        ("closed", None): 4574,
        ("created", None): 118,
        ("priority_set", None): 4938,
        ("resolved", None): 4983 + 2,  # the two are RESOLVED, which is the format's own word
        ("status_changed", "pending"): 1463,
    }
    assert Counter(bad.reason.rpartition(": ")[2] for bad in staged.bad) == {
        "Create SW anomaly": 67, "Resolve SW anomaly": 13, "Schedule intervention": 5,
        "VERIFIED": 3, "INVALID": 2, "DUPLICATE": 1,
    }  # fmt: skip
    assert staged.result.rows_ignored == 119
