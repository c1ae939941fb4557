"""The oracle itself: it gives the golden shop's hand-worked answers and never contradicts itself.

Nasty shops have no answers worked by hand; there the identities of METRICS.md must hold, and the
order and the doubling of rows must not matter.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import Account, Row, account_of, fct_episodes, fct_tickets, kpi_rows, world_of
from tests.oracle.clock import Schedule
from tests.oracle.export import Hours
from tests.oracle.nasty import nasty_shop

DIMENSIONS = ("handling", "channel", "category", "team", "customer_segment")
EXCLUSIVE = ("ai_only", "hybrid", "human_only", "automation_only", "none")
SEEDS = range(12)
Key = tuple[Any, ...]  # kpi, stat, grain, period_start, the segments


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cut(**named: str) -> tuple[str, ...]:
    return tuple(named.get(name, "all") for name in DIMENSIONS)


def by_key(rows: list[Row]) -> dict[Key, Row]:
    found = {
        (row.kpi, row.stat, row.grain, row.period_start, tuple(row[5:10])): row for row in rows
    }
    assert len(found) == len(rows), "a key occurs twice"
    return found


@pytest.fixture(scope="module", params=SEEDS)
def nasty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = tmp_path_factory.mktemp("nasty")
    return list(kpi_rows(folder, nasty_shop(request.param, folder)))


def test_the_golden_kpis_are_those_worked_by_hand(shared: Path) -> None:
    golden = shared / "spec" / "golden"
    rows = by_key(list(kpi_rows(golden / "export", account_of(golden / "bookbag.toml"))))
    wrong = {}
    for line in lines(golden / "expected_kpi_values.csv"):
        name, _, value = line["where"].replace("'", "").partition(" = ")
        start = datetime.fromisoformat(line["period_start"])
        where = cut(**{name: value}) if name else cut()
        row = rows[line["kpi"], line["stat"], line["grain"], start, where]
        if row.value is None or abs(row.value - float(line["value"])) > 1e-5:
            wrong[row] = line["value"]
    assert not wrong


def test_the_golden_facts_are_those_worked_by_hand(shared: Path) -> None:
    golden = shared / "spec" / "golden"
    world = world_of(golden / "export", account_of(golden / "bookbag.toml"))
    tickets = {fact["ticket_id"]: fact for fact in fct_tickets(world)}
    episodes = {f"{fact['ticket_id']}/{fact['episode_seq']}": fact for fact in fct_episodes(world)}
    week = (datetime(2026, 10, 26, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC))
    opened = [
        f"handling={fact['handling']}"
        for fact in episodes.values()
        if fact["is_countable"] and week[0] <= fact["opened_at"] < week[1]
    ]
    for line in lines(golden / "expected_facts.csv"):
        if line["column"].startswith("count(*)"):
            found = opened.count(line["key"])
        else:
            facts = {"fct_tickets": tickets, "fct_episodes": episodes}[line["table"]]
            found = facts[line["key"]][line["column"]]
        assert found == int(line["value"]), line


def test_volume_is_the_sum_of_its_slices_and_of_its_days(nasty: list[Row]) -> None:
    for kpi, stat in (
        ("tickets_created", "count"),
        ("tickets_created", "contacts"),
        ("tickets_resolved", "events"),
    ):
        rows = [row for row in nasty if (row.kpi, row.stat) == (kpi, stat)]
        whole = {(row.grain, row.period_start): row.n for row in rows if row[5:10] == cut()}
        for place, name in enumerate(DIMENSIONS, 5):
            parts: dict[tuple[str, datetime], int] = dict.fromkeys(whole, 0)
            for row in rows:
                others = [value for at, value in enumerate(row[5:10], 5) if at != place]
                sums = ("all", "ai_handled", "human_handled", "high_value")
                if row[place] not in sums and set(others) == {"all"}:
                    parts[row.grain, row.period_start] += row.n
            assert parts == whole, (kpi, stat, name)
        for row in rows:
            if row.grain == "month" and row[5:10] == cut():
                days = [
                    n
                    for (grain, start), n in whole.items()
                    if grain == "day" and row.period_start <= start < row.period_end
                ]
                assert sum(days) == row.n


def test_rates_keep_their_identities(nasty: list[Row]) -> None:
    rows = by_key(nasty)
    for (kpi, stat, *key), row in rows.items():
        if (kpi, stat) == ("containment_rate", "ratio"):
            escalated = rows["escalation_rate", "ratio", *key]
            assert (row.value is None) == (escalated.value is None)
            assert row.value is None or row.value == pytest.approx(1 - (escalated.value or 0))
        if (kpi, stat) == ("tickets_resolved", "count"):
            assert row.n <= rows["tickets_resolved", "events", *key].n
        if (kpi, stat) == ("recontact_rate", "ratio"):
            parts = [rows["recontact_rate", one, *key] for one in ("reopen", "new_contact")]
            total = sum(part.numerator for part in parts if part.numerator is not None)
            assert (row.numerator or 0) == total
        if (kpi, stat) == ("cost_per_contact", "value") and row.value is not None:
            sides = [rows["cost_per_contact", one, *key] for one in ("ai_cost", "human_cost")]
            assert row.value * row.n == pytest.approx(sum(side.value or 0 for side in sides))
        is_quotient = row.numerator is not None and stat != "growth"
        if is_quotient and row.value is not None and row.denominator:
            assert row.value == pytest.approx((row.numerator or 0) / row.denominator)


def test_the_backlog_is_the_sum_of_its_states_and_ages(nasty: list[Row]) -> None:
    found: dict[tuple[object, ...], dict[str, int]] = defaultdict(dict)
    for row in nasty:
        if row.kpi == "backlog":
            found[row.grain, row.period_start, *row[5:10]][row.stat] = row.n
    for stats in found.values():
        states = ("count", "waiting_customer", "on_hold", "snoozed")
        assert stats.get("unresolved", 0) == sum(stats.get(name, 0) for name in states)
        ages = [n for name, n in stats.items() if name.startswith("age_")]
        assert stats.get("count", 0) == sum(ages)


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_neither_order_nor_doubles_of_rows_matter(seed: int, tmp_path: Path) -> None:
    account = nasty_shop(seed, tmp_path / "as_made")
    (tmp_path / "mixed").mkdir()
    for path in (tmp_path / "as_made").iterdir():
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        mixed = [*rows, *rows]
        random.Random(seed).shuffle(mixed)
        text = "\n".join([header, *mixed, ""])
        (tmp_path / "mixed" / path.name).write_text(text, encoding="utf-8")
    made = by_key(list(kpi_rows(tmp_path / "as_made", account)))
    assert made == by_key(list(kpi_rows(tmp_path / "mixed", account)))


def test_a_seed_makes_the_same_shop_every_time(tmp_path: Path) -> None:
    accounts = [nasty_shop(7, tmp_path / name) for name in ("one", "two")]
    assert accounts[0] == accounts[1]
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Santiago", date(2026, 9, 6), 23),
        ("Pacific/Honolulu", date(2026, 11, 1), 24),
    ],
)
def test_a_business_day_has_the_hours_it_has(zone: str, day: date, hours: float) -> None:
    always = Hours("always", zone, day.isoweekday(), "00:00", "24:00")
    schedule = Schedule([always], set(), day, day)
    ages = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
    assert schedule.open_seconds(*ages) == hours * 3600


def facts(
    folder: Path, messages: str, events: str, tickets: str = "T"
) -> dict[str, dict[str, Any]]:
    """Tickets, and episodes as `T/1`, of a day told in a few words: `T 10:00 customer`."""

    def write(name: str, header: str, told: str) -> None:
        rows = [line.split() for line in told.strip().splitlines()]
        text = "".join(f"{row[0]},2026-06-01T{row[1]}Z,{','.join(row[2:])}\n" for row in rows)
        (folder / f"{name}.csv").write_text(f"{header}\n{text}", encoding="utf-8")

    (folder / "tickets.csv").write_text("ticket_id\n" + "\n".join(tickets) + "\n", encoding="utf-8")
    write("messages", "ticket_id,sent_at,author_kind,is_gratitude", messages)
    write("ticket_events", "ticket_id,occurred_at,event_type,actor_kind,to_value", events)
    world = world_of(folder, Account("micro", "UTC"))
    found = {fact["ticket_id"]: fact for fact in fct_tickets(world)}
    return found | {f"{one['ticket_id']}/{one['episode_seq']}": one for one in fct_episodes(world)}


def test_chains_of_merges_end_in_one_ticket_and_cycles_stay_apart(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        "A 09:00 customer\nC 10:00 customer\nD 10:00 customer",
        "A 11:00 merged_into human_agent B\nB 11:00 merged_into human_agent C\n"
        "D 11:00 merged_into human_agent E\nE 11:00 merged_into human_agent D\n"
        "F 11:00 merged_into human_agent E\nG 11:00 merged_into human_agent C\n"
        "G 12:00 unmerged human_agent",
        "ABCDEFG",
    )
    ends = "".join(found[name]["canonical_ticket_id"] for name in "ABCDEFG")
    assert ends == "CCCDEEG"
    assert found["C/1"]["opened_at"].hour == 9, "the survivor starts with its family"


def test_an_agents_return_carries_the_episode_on(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        "T 09:00 customer\nT 12:00 customer",
        "T 10:00 resolved human_agent\nT 11:00 reopened human_agent\nT 13:00 closed human_agent",
    )
    assert found["T"]["episode_count"] == found["T"]["reopen_count"] == 1
    assert found["T/1"]["resolved_at"].hour == 13


def test_thanks_reopen_nothing_but_a_question_after_them_does(tmp_path: Path) -> None:
    messages = "T 09:00 customer\nT 11:00 customer 1"
    events = "T 10:00 resolved human_agent\nT 11:00 reopened customer\nT 12:00 resolved system"
    found = facts(tmp_path, messages, events)
    assert found["T"]["reopen_count"] == 0
    assert found["T"]["full_resolution_s"] == 3600
    found = facts(tmp_path, f"{messages}\nT 11:30 customer", events)
    assert found["T"]["reopen_count"] == 1
    assert found["T/2"]["resolved_at"].hour == 12


def test_the_answer_to_an_outbound_ticket_opens_its_first_episode(tmp_path: Path) -> None:
    found = facts(
        tmp_path,
        "T 09:00 human_agent\nT 12:00 customer\nT 13:00 ai_agent",
        "T 10:00 resolved human_agent\nT 14:00 resolved ai_agent assumed",
    )
    assert found["T"]["is_countable"] and found["T"]["is_outbound_started"]
    assert found["T/1"]["opened_at"].hour == 12
    assert found["T/1"]["handling"] == "ai_only" and found["T/1"]["ai_outcome"] == "assumed"
    assert found["T"]["first_resolution_s"] == 7200


def test_what_is_done_at_one_instant_follows_its_kind(tmp_path: Path) -> None:
    found = facts(
        tmp_path, "T 09:00 customer", "T 09:00 resolved system\nT 09:00 reopened customer"
    )
    assert found["T/1"]["resolved_at"].hour == 9, "reopened comes first, and is nothing"
