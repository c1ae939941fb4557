"""Which rows are new: the same rows in any order and division of files give the same state."""

import random
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.contracts import ENTITIES
from ingestion.export.landing import META_COLUMNS, arrow_schema
from ingestion.export.mapping import TableMapping
from tests.ingest_support import Bench

HEAD = "ticket_id,updated_at,status\n"
VERSIONS = [  # of three tickets, two of which change
    "1,2026-03-01,open", "2,2026-03-01,open", "3,2026-03-01,open",
    "1,2026-03-02,pending", "1,2026-03-03,solved", "2,2026-03-05,closed",
]  # fmt: skip
NEWEST = [("1", "solved"), ("2", "closed"), ("3", "open")]


def tickets(*lines: str) -> str:
    return HEAD + "".join(f"{line}\n" for line in lines)


def test_a_second_load_lands_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    files = {"tickets.csv": tickets("1,2026-03-01,open", "2,,open")}

    assert bench.land(files) == [("1", False), ("2", False)]
    assert bench.land(files) == []
    assert bench.land({"copy.csv": files["tickets.csv"]}) == []


def test_rows_without_a_key_are_told_apart_by_their_hash(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "nps_responses")
    head = "customer_id,responded_at,score\n"
    first = head + "1,2026-03-01,9\n1,2026-03-01,9\n1,2026-03-01,8\n"

    assert len(bench.land({"nps_responses.csv": first})) == 2
    assert len(bench.land({"nps_responses.csv": first + "2,2026-03-01,9\n"}, reread=["nps"])) == 1
    assert bench.newest("customer_id, score") == [("1", 8), ("1", 9), ("2", 9)]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_repetition_and_division_gives_the_same_newest_rows(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    lines = [*VERSIONS, *rng.sample(VERSIONS, 3)]
    rng.shuffle(lines)
    bench = Bench(tmp_path)
    while lines:
        files = {}
        for n in range(rng.randint(1, 3)):
            size = rng.randint(0, 3)
            files[f"part_{n}.csv"] = tickets(*lines[:size])
            lines = lines[size:]
        bench.land(files, reread=[name for name in files if rng.random() < 0.5])

    assert bench.newest("ticket_id, status") == NEWEST


def test_two_halves_in_either_order_are_the_whole(tmp_path: Path) -> None:
    old, new = tickets(*VERSIONS[:3]), tickets(*VERSIONS[3:])
    forward, backward = Bench(tmp_path / "forward"), Bench(tmp_path / "backward")
    forward.land({"one.csv": old})
    assert forward.land({"two.csv": new}) == [("1", False), ("2", False)]
    backward.land({"one.csv": new})
    assert backward.land({"two.csv": old}) == [("3", False)]

    assert forward.newest("ticket_id, status") == NEWEST
    assert backward.newest("ticket_id, status") == NEWEST


def test_a_changed_file_updates_by_key_and_an_older_row_does_not_win(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.land({"tickets.csv": tickets("1,2026-03-02,open", "2,2026-03-02,open")})

    changed = tickets("1,2026-03-03,solved", "2,2026-03-01,new", "3,,new")
    assert bench.land({"tickets.csv": changed}, reread=["tickets.csv"]) == [
        ("1", False), ("3", False),
    ]  # fmt: skip
    assert bench.newest("ticket_id, status") == [("1", "solved"), ("2", "open"), ("3", "new")]


def test_without_an_instant_the_last_load_the_last_file_and_the_last_line_win(
    tmp_path: Path,
) -> None:
    head = "agent_id,name\n"
    bench = Bench(tmp_path, "agents")
    bench.land(
        {"a.csv": head + "1,Ann\n1,Anna\n", "b.csv": head + "2,Bob\n", "c.csv": head + "2,Rob\n"}
    )
    assert bench.newest("agent_id, name") == [("1", "Anna"), ("2", "Rob")]

    bench.land({"a.csv": head + "1,Ann\n"}, reread=["a.csv"])
    assert bench.newest("agent_id, name") == [("1", "Ann"), ("2", "Rob")]
    bench.land({"a.csv": head + "1,Anna\n"}, reread=["a.csv"])
    assert bench.newest("agent_id, name") == [("1", "Anna"), ("2", "Rob")]


def test_what_an_old_file_said_before_is_no_news_when_it_is_read_again(tmp_path: Path) -> None:
    head = "agent_id,name\n"
    bench = Bench(tmp_path, "agents")
    bench.land({"old.csv": head + "1,Ann\n2,Bob\n"})
    bench.land({"new.csv": head + "1,Anna\n"})

    grown = {"old.csv": head + "1,Ann\n2,Bob\n3,Cid\n"}
    assert bench.land(grown, reread=["old.csv"]) == [("3", False)]
    assert bench.newest("agent_id, name") == [("1", "Anna"), ("2", "Bob"), ("3", "Cid")]


def test_a_row_absent_from_the_newest_snapshot_is_deleted_and_may_return(tmp_path: Path) -> None:
    bench = Bench(tmp_path, snapshot=True)
    one, two, three = (f"{n},2026-03-0{n},open" for n in (1, 2, 3))
    bench.land({"monday.csv": tickets(one, two)})

    assert bench.land({"tuesday.csv": tickets(two, three)}) == [("1", True), ("3", False)]
    assert bench.newest("ticket_id, updated_at is null") == [("2", False), ("3", False)]
    assert bench.land({"tuesday.csv": tickets(two, three)}, reread=["tuesday.csv"]) == []
    assert bench.land({"wednesday.csv": tickets(one, three)}) == [("1", False), ("2", True)]
    assert bench.newest("ticket_id") == ["1", "3"]


def test_only_the_newest_of_several_snapshots_counts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, snapshot=True)
    bench.land({"a.csv": tickets("1,,new", "2,,new"), "b.csv": tickets("2,,open", "3,,new")})
    assert bench.newest("ticket_id, status") == [("2", "open"), ("3", "new")]

    late = {"late.csv": tickets("2,,new", "4,,new"), "b.csv": tickets("2,,open", "3,,new")}
    bench.land(late, reread=["b.csv"])
    assert bench.newest("ticket_id, status") == [("2", "open"), ("3", "new")]


def test_a_newest_snapshot_wins_even_with_what_was_said_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "agents", snapshot=True)
    monday, tuesday = "agent_id,name\n1,Ann\n", "agent_id,name\n1,Anna\n2,Bob\n"
    bench.land({"monday.csv": monday})
    bench.land({"tuesday.csv": tuesday})
    bench.land({"rollback.csv": monday}, reread=["rollback.csv"])

    assert bench.newest("agent_id, name") == [("1", "Ann")]


def test_nothing_is_deleted_while_the_newest_snapshot_has_unreadable_rows(tmp_path: Path) -> None:
    bench = Bench(tmp_path, snapshot=True)
    bench.land({"a.csv": tickets("1,,new", "2,,new")})

    assert bench.land({"b.csv": tickets("1,,new", "2")}) == []
    assert bench.land({"b.csv": tickets("1,,new", ",,new")}, reread=["b.csv"]) == []
    bad_but_there = tickets("1,,new", "2,never,new")
    assert bench.land({"b.csv": bad_but_there}, reread=["b.csv"]) == []
    assert bench.land({"b.csv": tickets("1,,new")}, reread=["b.csv"]) == [("2", True)]


def test_other_settings_take_back_what_only_the_former_ones_made(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "nps_responses")
    text = "customer_id,responded_at,score,kind\n1,2026-03-01,9,a\n2,2026-03-01,7,b\n"
    bench.land({"nps_responses.csv": "customer_id,responded_at,score,kind\n9,2026-02-01,5,a\n"})
    before = TableMapping()
    bench.land({"nps_responses.csv": text}, reread=["nps_responses.csv"])

    after = TableMapping(values={"customer_id": {"1": "one"}}, rows={"kind": "a"})
    landed = bench.land(
        {"nps_responses.csv": text}, reread=["nps_responses.csv"], mapping=after, former=before
    )

    assert sorted(is_deleted for _, is_deleted in landed) == [False, True, True]
    # The row of February was in the file before, and nothing says that it is gone.
    assert bench.newest("customer_id, score") == [("9", 5), ("one", 9)]
    again = bench.land(
        {"nps_responses.csv": text}, reread=["nps_responses.csv"], mapping=after, former=before
    )
    assert again == []


def test_a_column_that_is_added_to_rows_without_a_key_does_not_double_them(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, "nps_responses")
    head, rows = "customer_id,responded_at,score", ["1,2026-03-01,9", "2,2026-03-01,7"]
    bench.land({"nps_responses.csv": "\n".join([head, *rows])})
    wider = [
        f"{head},note",
        f"{rows[0]},thanks",
        f"{rows[0]},again",
        f"{rows[1]},",
        "3,2026-04-01,5,",
    ]
    bench.land({"nps_responses.csv": "\n".join(wider)}, reread=["nps_responses.csv"])

    assert bench.newest("customer_id, score, _extra") == [
        ("1", 9, '{"note":"again"}'), ("1", 9, '{"note":"thanks"}'), ("2", 7, None), ("3", 5, None),
    ]  # fmt: skip


def test_settings_under_which_rows_cannot_be_split_take_back_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    files = {"tickets.csv": "ticket_id,subject\n1,caf\u00e9\n2,tea\n"}
    bench.land(files)
    wrong = TableMapping(encoding="ascii", nulls=("tea",))
    wrong_bytes = {"tickets.csv": "ticket_id,subject\n1,caf\u00e9\n2,tea\n".encode("cp1252")}

    assert bench.land(wrong_bytes, reread=["tickets.csv"], mapping=wrong,
                      former=TableMapping(encoding="cp1252")) == [("2", False)]  # fmt: skip
    assert bench.newest("ticket_id") == ["1", "2"]


def test_a_table_from_before_a_column_was_known_is_landed_into(tmp_path: Path) -> None:
    bench = Bench(tmp_path, snapshot=True)
    bench.land({"a.csv": tickets("1,2026-03-01,open", "2,2026-03-01,open")})
    with duckdb.connect(str(bench.warehouse)) as connection:
        connection.execute("alter table raw_desk.tickets drop column brand")
        connection.execute("alter table raw_desk.tickets drop column resolved_at")

    assert bench.land({"b.csv": tickets("1,2026-03-02,open")}) == [("1", False), ("2", True)]


def test_landed_rows_have_the_contracts_columns_and_say_where_they_are_from(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.land({"tickets.csv": tickets("1,2026-03-01T10:00:00+01:00,open")})

    assert arrow_schema(ENTITIES["tickets"]).names == [*ENTITIES["tickets"].names, *META_COLUMNS]
    (row,) = bench.newest("cast(updated_at as timestamp), _file, _line, _extra, _is_deleted")
    assert row == (datetime(2026, 3, 1, 9), "tickets.csv", 2, None, False)
