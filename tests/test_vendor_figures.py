"""What other tools' screens would show: worked by hand from each vendor's rule, and the document.

One shop of tickets, each with the trait on which the rules part; a second with the two schedules of
dbt_zendesk's own example; a third that hands over nothing but columns.
"""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import duckdb
import pytest
import yaml

from bookbag_orchestration.settings import DBT_PROJECT, PROJECT
from tests.models import Model, built
from tests.vendor_desk import (
    ANSWERS,
    AS_OF,
    BY_HAND,
    DAY,
    EVENTS,
    MESSAGES,
    TICKETS,
    TWO_SCHEDULES,
)

DOCUMENT = PROJECT / "docs" / "vendor-figures.md"
COLUMNS = DBT_PROJECT / "models" / "core" / "tickets" / "fct_ticket_variants.yml"
TABLES = ("fct_ticket_variants", "fct_tickets", "fct_episodes", "reconciliation", "account")
QUERIES = {
    "created": "is_created_counted_zendesk, is_created_counted_freshdesk,"
    " is_created_counted_gorgias, is_created_counted_intercom, is_created_counted_chatwoot",
    "touches": "is_one_touch_zendesk, is_one_touch_messaging_zendesk, is_one_touch_dbt_zendesk,"
    " is_one_touch_freshdesk, is_one_touch_zoho, is_closed_once_one_teammate_intercom,"
    " count_reopens_zendesk, count_reopens_dbt_zendesk, closes_intercom",
    "clocks": "frt_zendesk_s, frt_dbt_zendesk_s, frt_gorgias_s, frt_intercom_incl_bot_s,"
    " frt_intercom_excl_bot_s, first_resolution_zendesk_s, full_resolution_zendesk_s,"
    " full_resolution_dbt_zendesk_s, full_resolution_gorgias_s, agent_work_time_dbt_zendesk_s",
    "bots": "is_deflected_intercom, is_bot_resolved_chatwoot, handle_time_chatwoot_saved_s",
}


def shop(folder: Path, as_of: str, **files: str) -> Path:
    """An export folder of CSV files and its bookbag.toml."""
    (folder / "export").mkdir(parents=True)
    for name, text in files.items():
        (folder / "export" / f"{name}.csv").write_text(text.strip() + "\n")
    config = folder / "bookbag.toml"
    config.write_text(
        f'as_of = "{as_of}"\n[account]\nid = "acme"\ntimezone = "America/New_York"\n'
        'currency = "USD"\n[[source]]\nname = "desk"\nkind = "files"\npath = "export"\n'
    )
    return config


def dated(text: str) -> str:
    """Bare clock times are those of one day, UTC."""
    return re.sub(
        r"(?<=,)(\d\d:\d\d)(:\d\d)?(?=,|$)",
        lambda found: f"{DAY}T{found[1]}{found[2] or ':00'}Z",
        text,
        flags=re.M,
    )


def needed(models: list[Model]) -> list[Model]:
    """The models that the tables here are made of; `models` has parents first."""
    names, wanted = {model.name for model in models}, set(TABLES)
    for model in reversed(models):
        if model.name in wanted:
            wanted |= names & set(re.findall(r"\w+", model.sql))
    return [model for model in models if model.name in wanted]


def rows(text: str) -> dict[str, list[str]]:
    table = list(csv.reader(StringIO(text.strip())))[1:]
    return {row[0]: row[1:] for row in table}


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "y" if value else "n"
    return "" if value is None else str(value)


@pytest.fixture(scope="module")
def desk(
    models: list[Model], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("desk")
    files = {"tickets": TICKETS, "messages": MESSAGES, "ticket_events": EVENTS}
    config = shop(folder, AS_OF, **{name: dated(text) for name, text in files.items()})
    with built(needed(models), config, folder / "scratch") as connection:
        yield connection


@pytest.mark.parametrize("name", QUERIES)
def test_every_vendors_figure_by_hand(name: str, desk: duckdb.DuckDBPyConnection) -> None:
    found = {
        ticket: [shown(value) for value in values]
        for ticket, *values in desk.execute(
            f"select ticket_id, {QUERIES[name]} from core.fct_ticket_variants"
        ).fetchall()
    }
    expected = rows(BY_HAND[name])
    assert {ticket: found[ticket] for ticket in expected} == expected
    assert len(found) == len(rows(TICKETS))


def test_our_own_figures_part_where_the_rules_do(desk: duckdb.DuckDBPyConnection) -> None:
    """Ours: a thank-you lengthens nothing, an open ticket has no full resolution."""
    found = dict(
        desk.execute("select ticket_id, full_resolution_s from core.fct_tickets").fetchall()
    )
    assert (found["thanks"], found["back"]) == (1200, None)


def test_the_last_schedule_alone_against_every_schedule(
    models: list[Model], tmp_path: Path
) -> None:
    """dbt_zendesk's example: 959.46 minutes over both schedules, 689.46 by the last.

    Chicago is open 12:00 to 02:00 UTC every day, San Francisco 15:00 to 00:30 UTC on weekdays.
    `exact` is at the example's instants: 8:58:22 + 7:01:25 in Chicago and 21 s in San Francisco;
    or 7:28:22 + 4:01:46 in San Francisco alone. `rounded` is at what the example makes of them
    (17:02, 19:01¼ and 19:01.46), whose minutes it prints. A schedule set after the reply changes
    neither: 8:58:22 + 7:01:46 in Chicago.
    """
    config = shop(tmp_path, "2020-10-10T00:00:00Z", **TWO_SCHEDULES)
    with built(needed(models), config, tmp_path / "scratch") as connection:
        found = {
            ticket: (ours, last)
            for ticket, ours, last in connection.execute(
                "select ticket_id, frt_human_biz_s, frt_last_schedule_biz_s"
                " from core.fct_ticket_variants"
                " join core.fct_episodes using (ticket_key, ticket_id) where episode_seq = 1"
            ).fetchall()
        }
    assert found == {
        "exact": (57608, 41408),
        "rounded": (int(959.46 * 60), int(689.46 * 60)),
        "later": (57608, 57608),
        "closed_hours": (0, 0),
        "unscheduled": (None, None),
    }


def test_what_columns_alone_cannot_say_is_null(models: list[Model], tmp_path: Path) -> None:
    tickets = "ticket_id,created_at,first_reply_at,resolved_at\nplain,10:00,10:30,12:00"
    config = shop(tmp_path, AS_OF, tickets=dated(tickets))
    with built(needed(models), config, tmp_path / "scratch") as connection:
        result = connection.execute("select * from core.fct_ticket_variants")
        names = [column[0] for column in result.description or ()]
        (row,) = result.fetchall()
    told = {name: value for name, value in zip(names, row, strict=True) if value is not None}
    assert {name for name in told if name.endswith(("_key", "_id", "_at")) or name == "source"} == {
        "ticket_key", "ticket_id", "source", "first_agent_reply_at", "first_solved_at",
        "last_solved_at",
    }  # fmt: skip
    judged = {
        name: value for name, value in told.items() if name.endswith("_s") or name[:3] == "is_"
    }
    assert judged == {
        "is_solved": True,
        "is_created_counted_zendesk": True,
        "is_created_counted_freshdesk": True,
        "is_created_counted_gorgias": True,
        "is_created_counted_chatwoot": True,
        "frt_zendesk_s": 1800,
        "frt_dbt_zendesk_s": 1800,
        "first_resolution_zendesk_s": 7200,
        "full_resolution_zendesk_s": 7200,
        "full_resolution_dbt_zendesk_s": 7200,
    }


def test_no_other_model_and_no_kpi_reads_them() -> None:
    files = [*DBT_PROJECT.joinpath("models").rglob("*.sql"), *DBT_PROJECT.rglob("marts/**/*.yml")]
    readers = [path.name for path in files if "ref('fct_ticket_variants')" in path.read_text()]
    assert readers == []


# The document


def queries() -> dict[str, str]:
    """The SQL block under each heading."""
    sections = re.split(r"^## (.+)$", DOCUMENT.read_text(encoding="utf-8"), flags=re.M)[1:]
    found = {
        title: re.findall(r"^```sql\n(.*?)^```$", text, re.M | re.S)
        for title, text in zip(sections[::2], sections[1::2], strict=True)
    }
    return {title: blocks[0] for title, blocks in found.items() if blocks}


@pytest.mark.parametrize("title", ANSWERS)
def test_the_query_shown_gives_the_vendors_figure(
    title: str, desk: duckdb.DuckDBPyConnection
) -> None:
    assert desk.execute(queries()[title]).fetchall() == ANSWERS[title]


def test_every_query_shown_is_tested() -> None:
    assert set(queries()) == set(ANSWERS)


def test_the_document_has_every_column_and_no_other() -> None:
    (model,) = yaml.safe_load(COLUMNS.read_text())["models"]
    columns = {column["name"] for column in model["columns"]}
    text = DOCUMENT.read_text(encoding="utf-8")
    vendors = "zendesk|dbt_zendesk|freshdesk|zoho|intercom|gorgias|chatwoot"
    named = set(re.findall(rf"`(\w*(?:{vendors})\w*|frt_last_schedule_biz_s)`", text))
    assert {name for name in named if name != "dbt_zendesk"} <= columns
    assert {name for name in columns if re.search(vendors, name)} <= named


def test_kpis_named_in_the_document_exist() -> None:
    ours = set(re.findall(r"^\|[^|`]+\| `(\w+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.M))
    blocks = DBT_PROJECT.joinpath("models/marts/kpis").glob("*.yml")
    kpis = set(re.findall(r"^  - name: (\w+)$", "\n".join(map(Path.read_text, blocks)), re.M))
    assert len(ours) > 5
    assert ours - {"fct_reply_turns"} <= kpis
