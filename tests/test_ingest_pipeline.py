"""A folder of files → the raw tables of the warehouse, through the real pipeline."""

import zipfile
from pathlib import Path

import pytest

from ingestion.errors import IngestError
from ingestion.export.folder import Folder
from ingestion.export.mapping import FilesSpec, TableMapping
from tests.ingest_support import TICKETS, Source, set_aside

QUARANTINE = "select entity, file, line, column_name, reason, row_text from quarantine order by all"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path)


def test_every_file_of_an_entity_is_landed_and_counted(source: Source) -> None:
    source.put("tickets.csv", TICKETS + "1,2026-03-01,a\n")
    source.put("tickets_2026.csv.gz", TICKETS + "2,2026-03-01,b\n")
    source.put("tickets/part.jsonl", [{"ticket_id": "3"}, {"subject": "no id"}])
    source.put("ticket_events.csv", "ticket_id,occurred_at,event_type\n1,2026-03-01,created\n")
    source.put("notes.csv", "a\n1\n")
    source.put("tickets/.part.csv", "hidden, since it is not yet whole")
    source.put("tickets/~$part.csv", "hidden")

    loaded = source.load()

    assert loaded.rows == {"tickets": 3, "ticket_events": 1}
    assert (loaded.total, loaded.quarantined) == (4, 1)
    assert source.newest("tickets", "ticket_id, _file, _line") == [
        ("1", "tickets.csv", 2), ("2", "tickets_2026.csv.gz", 2), ("3", "tickets/part.jsonl", 1),
    ]  # fmt: skip
    assert source.query(
        "select file, columns, rows_read, rows_good, rows_quarantined from file_loads order by 1"
    ) == [
        ("ticket_events.csv", "ticket_id;occurred_at;event_type", 1, 1, 0),
        ("tickets.csv", "ticket_id;created_at;subject", 1, 1, 0),
        ("tickets/part.jsonl", "ticket_id;subject", 2, 1, 1),
        ("tickets_2026.csv.gz", "ticket_id;created_at;subject", 1, 1, 0),
    ]  # fmt: skip
    assert source.query("select count(*) from agents") == [0]
    assert source.query("select distinct _loaded_at from tickets") == [source.now]
    assert source.query("select distinct loaded_at from file_loads") == [source.now]


def test_what_has_not_changed_is_not_read_again(source: Source) -> None:
    source.put("tickets.csv", TICKETS + "1,2026-03-01,a\n")
    source.put("tickets_2.csv", TICKETS + "2,2026-03-01,b\n")
    source.load("tickets")
    before = source.contents()

    assert source.load("tickets").rows == {}
    source.put("tickets_2.csv", TICKETS + "2,2026-03-01,b\n")  # only its time is new
    assert source.load("tickets").rows == {}

    assert source.contents() == before
    assert source.query("select count(*) from file_loads") == [2]

    assert source.load("tickets", reread_all=True).rows == {}
    assert source.query("select count(*) from file_loads") == [4]


def test_a_second_drop_of_a_file_changes_nothing(source: Source) -> None:
    old = "agent_id,name\n1,Ann\n2,Bob\n"
    source.put("agents_1.csv", old)
    source.load("agents")
    source.put("agents_2.csv", "agent_id,name\n1,Anna\n")
    source.load("agents")
    source.put("agents_3.csv", old)

    assert source.load("agents").rows == {}
    assert source.newest("agents", "agent_id, name") == [("1", "Anna"), ("2", "Bob")]


def test_a_mended_file_empties_its_part_of_the_quarantine(source: Source) -> None:
    source.put("tickets.csv", TICKETS + '1,soon,a\n2,2026-03-01,b\n,2026-03-01,"c, d"\n3\n')
    source.put("tickets_2.csv", TICKETS + "4,never,d\n5,2026-03-01,e\n")
    assert source.load("tickets").quarantined == 4
    assert source.query(QUARANTINE) == [
        ("tickets", "tickets.csv", 2, "created_at", "no instant: soon", "1,soon,a"),
        ("tickets", "tickets.csv", 4, "ticket_id", "a required value is missing",
         ',2026-03-01,"c, d"'),
        ("tickets", "tickets.csv", 5, None, "1 fields where the header has 3", "3"),
        ("tickets", "tickets_2.csv", 2, "created_at", "no instant: never", "4,never,d"),
    ]  # fmt: skip
    assert set_aside(source)[0].landed_at == source.now
    assert source.newest("tickets", "ticket_id") == ["2", "5"]

    source.put("tickets.csv", TICKETS + "1,2026-03-02,a\n2,2026-03-01,b\n6,2026-03-01,c\n")
    loaded = source.load("tickets")

    assert (loaded.rows, loaded.quarantined) == ({"tickets": 2}, 1)
    assert [row.file for row in set_aside(source)] == ["tickets_2.csv"]
    assert source.newest("tickets", "ticket_id") == ["1", "2", "5", "6"]


def test_a_mended_mapping_reads_again_and_empties_the_quarantine(source: Source) -> None:
    source.put("tickets.csv", TICKETS + "1,31/12/2025,a\n2,2026-03-01,b\n")
    assert source.load("tickets").quarantined == 1

    source.settings["datetime_format"] = "%d/%m/%Y"
    loaded = source.load("tickets")
    assert (loaded.rows, loaded.quarantined) == ({"tickets": 1}, 1)
    assert [row.row_text for row in set_aside(source)] == ["2,2026-03-01,b"]
    assert source.newest("tickets", "ticket_id") == ["1", "2"]

    assert source.load("tickets", reread=[("tickets", "tickets.csv")]).rows == {}
    assert len(set_aside(source)) == 1
    assert source.query("select count(*) from file_loads") == [3]


def test_other_settings_move_rows_and_leave_what_a_rolling_export_said_before(
    source: Source,
) -> None:
    head = "ticket_id,rated_at,score\n"
    source.put("csat_responses.csv", head + "1,2026-01-01,5\n2,2026-01-02,4\n")
    source.load("csat_responses")
    february = "2,2026-01-02,4\n3,2026-02-01,good\n4,2026-02-01,3\n"
    source.put("csat_responses.csv", head + february)
    source.load("csat_responses")
    source.settings["timezone"] = "America/New_York"
    source.settings["tables"] = {
        "csat_responses": TableMapping(values={"score": {"good": "5"}, "ticket_id": {"4": ""}})
    }
    source.load("csat_responses")

    assert source.newest("csat_responses", "ticket_id, score, cast(rated_at as varchar)") == [
        ("1", "5", "2026-01-01 00:00:00+00"),  # no longer in the file
        ("2", "4", "2026-01-02 05:00:00+00"),
        ("3", "5", "2026-02-01 05:00:00+00"),
    ]
    assert set_aside(source) == []


def test_a_snapshot_deletes_whatever_the_order_in_which_files_arrive(source: Source) -> None:
    source.settings["tables"] = {"agents": TableMapping(snapshot=True)}
    source.put("agents_a.csv", "agent_id,name\n1,Ann\n2,Bob\n", age_h=1)
    source.load("agents")
    source.put("agents_z.csv", "agent_id,name\n1,Anne\n3,Cid\n", age_h=9)  # older, but late
    source.load("agents")
    assert source.newest("agents", "agent_id, name") == [("1", "Ann"), ("2", "Bob")]

    source.put("agents_b.csv", "agent_id,name\n2,Bob\n3,Cid\n", age_h=0)
    source.load("agents")
    assert source.newest("agents", "agent_id, name") == [("2", "Bob"), ("3", "Cid")]
    assert source.load("agents").rows == {}


def test_a_file_that_cannot_be_read_fails_its_source_and_lands_nothing_of_it(
    source: Source,
) -> None:
    source.put("agents.csv", "agent_id\n1\n")
    source.load("agents")
    before = source.contents()
    source.put("agents.csv", "agent_id\n1\n2\n")
    source.put("tickets.csv", "ticket_id;subject\n1;a\n")

    with pytest.raises(IngestError) as failure:
        source.load("agents", "tickets")
    assert str(failure.value).startswith(
        "source desk, table tickets: tickets.csv has no column ticket_id; its columns are"
        " ticket_id;subject. "
    )
    assert source.contents() == before

    source.put("tickets.csv", "ticket_id\n1\n")
    assert source.load("agents", "tickets").rows == {"agents": 1, "tickets": 1}


def fed(source: Source) -> list[tuple[str, str]]:
    """Entity and name of each file that would be loaded."""
    folder = Folder(FilesSpec("desk", source.folder, **source.settings), source.working)
    return [(file.entity, file.name) for file in folder.files]


def test_a_folder_or_a_file_that_is_not_there_is_named(source: Source) -> None:
    source.settings["tables"] = {"tickets": TableMapping(file="cases*.csv")}
    source.put("case.csv", TICKETS)
    with pytest.raises(IngestError, match=r"no file 'cases\*\.csv' for table tickets in .*case"):
        fed(source)
    source.settings.clear()
    with pytest.raises(IngestError, match=r"none of the files in .* feeds a table: case\.csv"):
        fed(source)
    source.remove("case.csv")
    assert fed(source) == []
    source.folder.rmdir()
    with pytest.raises(IngestError, match="there is no folder"):
        fed(source)


def test_files_are_told_by_their_names_or_by_the_settings(source: Source) -> None:
    for name in ("orders.csv", "Order_Lines.PARQUET", "orders_2026.jsonl.gz", "orders/a.csv",
                 "orders/deep/b.csv", "order.csv", "orders.xlsx", "sales/2026.txt"):  # fmt: skip
        source.put(name, "x")
    source.settings["tables"] = {"refunds": TableMapping(file="sales/*")}
    assert fed(source) == [
        ("orders", "orders.csv"), ("orders", "orders/a.csv"), ("orders", "orders_2026.jsonl.gz"),
        ("order_lines", "Order_Lines.PARQUET"), ("refunds", "sales/2026.txt"),
    ]  # fmt: skip

    one_for_all = TableMapping(file="orders.csv")
    source.settings["tables"] = {"orders": one_for_all, "order_lines": one_for_all}
    assert fed(source) == [("orders", "orders.csv"), ("order_lines", "orders.csv")]


def test_a_folder_may_be_any_fsspec_url_such_as_an_archive(source: Source) -> None:
    archive = source.folder / "export.zip"
    source.url = f"zip://::{archive}"

    def loaded_from(ticket: str) -> dict[str, int]:
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("tickets/one.csv", f"ticket_id\n{ticket}\n")
        return dict(source.load("tickets").rows)

    assert loaded_from("1") == {"tickets": 1}
    assert loaded_from("2") == {"tickets": 1}  # of the same size, and an archive shows no times
    assert loaded_from("2") == {}
    source.url = "memory://nowhere"
    with pytest.raises(IngestError, match="there is nothing at memory://nowhere"):
        source.load("tickets")
