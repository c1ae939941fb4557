"""Dagster as a person uses it: a real browser, webserver and daemon, on loopback only.

Nothing runs by itself here: schedules and sensors are off, so that each run is the test's own.
"""

import contextlib
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser_support import Seen, browsing
from tests.deployment_support import Machine, machine
from tests.report_support import FILES
from tests.test_deployment import LOCATIONS, RUN, STOP_SENSOR, STOPPED_SENSOR, loaded
from tests.test_operations_backfill import state_of

pytestmark = pytest.mark.slow

ACCOUNT = "golden"
AUTOMATIC = """
{
    repositoriesOrError {
        ... on RepositoryConnection {
            nodes { sensors { sensorState { id } } schedules { scheduleState { id } } }
        }
    }
}
"""
STOP_SCHEDULE = "mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }"
STOPPED = (STOPPED_SENSOR, {"__typename": "ScheduleStateResult"})
TERMINATE = "mutation ($run: String!) { terminateRun(runId: $run) { __typename } }"
STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
# From the click on Terminate until others can work at the warehouse.
LET_GO_S = 10
CANCELED = "CANCELED"
# Some of each group; of `transform` there are too many to be drawn at once.
LISTED = {
    "ingest": ("account", "tickets", "messages", "orders"),
    "alert": ("alerts",),
    "publish": ("bookbag",),
    "report": ("weekly_summary", "monthly_summary"),
}
# What is said of `kpi_status`.
DESCRIPTION = "Where each KPI stands"
UPSTREAM = (("marts", "kpi_values"), ("marts", "kpi_catalog"))
DOWNSTREAM = (("marts", "alerts"), ("reports", "weekly_summary"), ("published", "bookbag"))
# A week of the data, and one before them, of which there is nothing to tell.
OLD_WEEK, EMPTY_WEEK = "2026-10-26", "2026-10-19"


@pytest.fixture(scope="module")
def served(golden: Path, shared: Path) -> Iterator[Machine]:
    """The golden shop after one run, with its code server and the webserver above it."""
    source = shared / "spec" / "golden"
    accounts = {ACCOUNT: (source / "bookbag.toml").read_text()}
    with tempfile.TemporaryDirectory(prefix="ui") as root, machine(Path(root), accounts) as made:
        exports = made.path(f"/etc/bookbag/accounts/{ACCOUNT}/export")
        shutil.copytree(source / "export", exports, copy_function=shutil.copyfile)
        shutil.copytree(golden, home(made))
        made.start("webserver")
        # SQLite's files are made by one process: two that begin at once meet each other's tables.
        made.wait("up", lambda: made.ask(LOCATIONS) is not None)
        made.start("code@", ACCOUNT)
        made.wait("loaded", lambda: loaded(made) == {ACCOUNT})
        (repository,) = made.ask(AUTOMATIC)["repositoriesOrError"]["nodes"]
        stops = [
            *((STOP_SENSOR, each["sensorState"]["id"]) for each in repository["sensors"]),
            *((STOP_SCHEDULE, each["scheduleState"]["id"]) for each in repository["schedules"]),
        ]
        for stop, name in stops:
            (answer,) = made.ask(stop, id=name).values()
            assert answer in STOPPED
        yield made


@pytest.fixture
def page(served: Machine) -> Iterator[Page]:
    """The UI, opened; what it asked is judged at the end."""
    with browsing() as (opened, seen):
        opened.goto(f"http://127.0.0.1:{served.port}/")
        yield opened
        check(opened, seen, served.port)


def check(page: Page, seen: Seen, port: int) -> None:
    """Nobody but the webserver was asked, nothing failed, and no message told of a failure."""
    assert seen.hosts == {f"127.0.0.1:{port}"}
    assert seen.asked > 5
    assert seen.faults == []
    assert [said for said in page.evaluate("messages") if not said.startswith("success:")] == []


def home(made: Machine) -> Path:
    return made.path(f"/var/lib/bookbag/accounts/{ACCOUNT}")


def start_daemon(made: Machine) -> None:
    if "daemon" not in made.running:
        made.start("daemon")


def go(page: Page, section: str) -> None:
    """A click in the navigation."""
    page.locator(f'a[href="/{section}"]').first.click()


def listed(page: Page, name: str) -> Locator:
    """A group or an asset in the list beside the graph."""
    return page.locator('[class*="AssetSidebarNode_itemContainer"]').filter(
        has=page.get_by_title(name, exact=True)
    )


def test_the_whole_project_is_a_graph_and_an_asset_says_what_it_is(page: Page) -> None:
    go(page, "asset-groups")
    for group in (*LISTED, "transform"):
        # In the list and in the graph.
        expect(page.get_by_text(group, exact=True).locator("visible=true")).to_have_count(2)
    for group, names in LISTED.items():
        arrow = listed(page, group).get_by_role("button").first
        arrow.click()
        for name in names:
            expect(listed(page, name)).to_be_visible()
        arrow.click()
    search = page.get_by_placeholder("Jump to…")
    for mart in ("kpi_values", "kpi_status"):
        search.fill(mart)
        search.press("Enter")
        expect(page.get_by_text(f"marts / {mart}", exact=True)).to_be_visible()

    page.get_by_role("link", name="View in Asset Catalog").click()
    for said in (DESCRIPTION, "Upstream assets", "Downstream assets"):
        expect(page.get_by_text(said).first).to_be_visible()
    for key in (*UPSTREAM, *DOWNSTREAM):
        expect(page.get_by_role("link", name=" / ".join(key)).first).to_be_visible()
    expect(page.get_by_role("link", name="transform", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Lineage").click()
    for _, name in (*UPSTREAM, *DOWNSTREAM):
        expect(page.get_by_text(name, exact=True).locator("visible=true").first).to_be_visible()


def test_an_old_week_is_made_again_with_a_few_clicks(served: Machine, page: Page) -> None:
    before = state_of(home(served))
    weeks = home(served) / "reports" / "weekly"
    assert [week.name for week in weeks.iterdir()] == ["2026-W46"]
    go(page, "jobs")
    page.get_by_role("link", name="weekly_report").first.click()
    page.get_by_role("button", name="Materialize…").click()
    # This Dagster does not know yet what the command has made.
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    page.get_by_text("Show all partitions").click()
    partitions = page.get_by_role("dialog").get_by_role("textbox").first
    partitions.fill(f"{EMPTY_WEEK}, {OLD_WEEK}")
    partitions.press("Enter")
    # It looks for backfills when it starts, and only every 30 seconds from then on.
    start_daemon(served)
    page.get_by_role("dialog").get_by_role("button", name="Launch backfill").click()
    page.get_by_role("link", name="View", exact=True).click()
    expect(page).to_have_title(re.compile("Backfills"))
    served.wait("done", lambda: page.get_by_text("100% completed").is_visible())

    assert page.evaluate("messages.length") == 1
    assert sorted(week.name for week in weeks.iterdir()) == ["2026-W44", "2026-W46"]
    assert sorted(file.name for file in (weeks / "2026-W44").iterdir()) == FILES
    assert state_of(home(served)) == before


def dbt_at_work(made: Machine) -> list[str]:
    """The processes of dbt that build the account's warehouse."""
    told = f"{home(made) / 'dbt'}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # It may have ended since it was listed.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            words = path.read_bytes().split(b"\0")
            if any(word.endswith(b"/dbt") for word in words[:2]) and told in b" ".join(words):
                found.append(path.parent.name)
    return found


def is_free(warehouse: Path) -> bool:
    try:
        duckdb.connect(str(warehouse), read_only=True).close()
    except duckdb.IOException:
        return False
    return True


def test_a_cancelled_run_lets_go_of_the_warehouse_and_publishes_nothing(served: Machine) -> None:
    with (served.path(f"/etc/bookbag/accounts/{ACCOUNT}") / "export/tickets.csv").open("a") as file:
        file.write("T99,2026-11-01T12:00:00Z,C1,email,0,wismo,0,\n")
    published = home(served) / "published"
    before = {path: path.read_bytes() for path in published.rglob("*") if path.is_file()}
    start_daemon(served)
    selector = {
        "repositoryLocationName": ACCOUNT,
        "repositoryName": "__repository__",
        "jobName": "hourly",
    }
    launched = served.ask(RUN, run={"selector": selector, "runConfigData": {}})["launchRun"]
    run = launched["run"]["runId"]
    served.wait("building", lambda: bool(dbt_at_work(served)))
    assert served.ask(TERMINATE, run=run) == {"terminateRun": {"__typename": "TerminateRunSuccess"}}
    until = time.monotonic() + LET_GO_S
    while dbt_at_work(served) or not is_free(home(served) / "warehouse" / "bookbag.duckdb"):
        assert time.monotonic() < until
        time.sleep(0.2)
    served.wait("over", lambda: served.ask(STATUS, run=run) == {"runOrError": {"status": CANCELED}})
    assert {path: path.read_bytes() for path in published.rglob("*") if path.is_file()} == before
