"""The deployment at work: accounts that share one Dagster, and its storage in PostgreSQL.

What the units say is started; what compose.yaml says of the storage is what the storage is given.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster_shared.record import replace

from tests.deployment_support import DEPLOY, Machine, compose, machine
from tests.postgres_support import Server

ACCOUNT = """
[account]
id = "{name}"

[[source]]
name = "{source}"
kind = "files"
path = "exports"

[schedules]
sync = "0 0 1 1 *"
hourly = "0 0 1 1 *"
daily = "0 0 1 1 *"
"""
SOURCES = {"north": "helpdesk", "south": "support"}
HELD = "held"
RUN = """
mutation ($run: ExecutionParams!) {
    launchRun(executionParams: $run) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
    }
}
"""
LOCATIONS = """
{
    workspaceOrError {
        ... on Workspace {
            locationEntries { name locationOrLoadError { __typename } }
        }
    }
}
"""

SENSOR = """
query ($at: SensorSelector!) { sensorOrError(sensorSelector: $at) { ... on Sensor { id } } }
"""
STOP_SENSOR = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"
STOPPED_SENSOR = {"__typename": "StopSensorMutationResult"}

# Accounts that share one Dagster


@pytest.fixture(scope="module")
def deployed() -> Iterator[Machine]:
    """Both accounts, each with its code server; the webserver and the daemon above them."""
    accounts = {name: ACCOUNT.format(name=name, source=SOURCES[name]) for name in SOURCES}
    with tempfile.TemporaryDirectory(prefix="two") as root, machine(Path(root), accounts) as made:
        for name in accounts:
            exports = made.path(f"/etc/bookbag/accounts/{name}/exports")
            exports.mkdir()
            rows = f"ticket_id,created_at\n{name}-1,2026-11-02T10:00:00Z\n"
            (exports / "tickets.csv").write_text(rows)
        made.start("webserver")
        # SQLite's files are made by one process: two that begin at once meet each other's tables.
        made.wait("up", lambda: made.ask(LOCATIONS) is not None)
        made.start("code@", "north")
        made.wait("loaded", lambda: "north" in loaded(made))
        # What dbt parses is the same for all; it takes most of the start.
        shutil.copytree(home(made, "north") / "dbt", home(made, "south") / "dbt")
        made.start("code@", "south")
        made.wait("loaded", lambda: loaded(made) == set(SOURCES))
        for name in accounts:
            stop_building(made, name)
        made.start("daemon")
        yield made


def home(made: Machine, account: str) -> Path:
    return made.path(f"/var/lib/bookbag/accounts/{account}")


def loaded(made: Machine) -> set[str]:
    """The code locations that the webserver has loaded."""
    answer = made.ask(LOCATIONS) or {"workspaceOrError": {"locationEntries": []}}
    return {
        entry["name"]
        for entry in answer["workspaceOrError"]["locationEntries"]
        if (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"
    }


def stop_building(made: Machine, account: str) -> None:
    """Else a sensor would see that nothing is built, and have a run make everything."""
    at = {
        "repositoryLocationName": account,
        "repositoryName": "__repository__",
        "sensorName": "whole",
    }
    sensor = made.ask(SENSOR, at=at)["sensorOrError"]["id"]
    assert made.ask(STOP_SENSOR, id=sensor)["stopSensor"] == STOPPED_SENSOR


def files(folder: Path) -> dict[str, tuple[int, int]]:
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


def ingest(made: Machine, account: str) -> str:
    """Asks for a run that lands the tickets of an account; its id."""
    selector = {
        "repositoryLocationName": account,
        "repositoryName": "__repository__",
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": [f"raw_{SOURCES[account]}", "tickets"]}],
        "assetCheckSelection": [],
    }
    answer = made.ask(RUN, run={"selector": selector, "runConfigData": {}})
    assert answer["launchRun"]["__typename"] == "LaunchRunSuccess", answer
    return str(answer["launchRun"]["run"]["runId"])


@pytest.fixture
def instance(deployed: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_STATE", str(deployed.path("/var/lib/bookbag/dagster")))
    with dg.DagsterInstance.from_config(str(deployed.path("/etc/bookbag"))) as opened:
        yield opened


@pytest.mark.slow
def test_a_run_of_one_account_neither_touches_nor_awaits_the_other(
    deployed: Machine, instance: dg.DagsterInstance
) -> None:
    def status(run: str) -> dg.DagsterRunStatus:
        found = instance.get_run_by_id(run)
        assert found
        return found.status

    first = ingest(deployed, "north")
    deployed.wait("done", lambda: status(first) == dg.DagsterRunStatus.SUCCESS)
    done = instance.get_run_by_id(first)
    assert done
    # A run of north that goes on and on, with its step at work.
    held = replace(done, run_id=HELD, status=dg.DagsterRunStatus.STARTED)
    instance.run_storage.add_run(held)
    assert held.run_op_concurrency and held.run_op_concurrency.all_pools
    (pool,) = held.run_op_concurrency.all_pools
    storage = instance.event_log_storage
    assert storage.claim_concurrency_slot(pool, HELD, "step").is_claimed
    waiting, before = ingest(deployed, "north"), files(home(deployed, "north"))
    assert before

    other = ingest(deployed, "south")
    deployed.wait("done", lambda: status(other) == dg.DagsterRunStatus.SUCCESS)
    assert status(waiting) == dg.DagsterRunStatus.QUEUED
    assert files(home(deployed, "north")) == before
    assert (home(deployed, "south") / "warehouse" / "bookbag.duckdb").exists()

    instance.report_run_failed(held)
    storage.free_concurrency_slots_for_run(HELD)
    after = files(home(deployed, "south"))
    deployed.wait("done", lambda: status(waiting) == dg.DagsterRunStatus.SUCCESS)
    assert files(home(deployed, "south")) == after


@pytest.mark.slow
def test_a_code_server_has_the_secrets_of_its_account_only(deployed: Machine) -> None:
    for name, secrets in (("north", 1), ("south", 1)):
        environment = Path(f"/proc/{deployed.running[f'code@{name}'].pid}/environ").read_text()
        assert re.findall(r"OF_(\w+)=secret", environment) == [name.upper()] * secrets
    for unit in ("webserver", "daemon"):
        environment = Path(f"/proc/{deployed.running[unit].pid}/environ").read_text()
        assert "=secret" not in environment


# Dagster's storage in PostgreSQL


@pytest.fixture
def storage(
    postgres: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> str:
    """The settings of production on a new database; the database's own URL."""
    url = postgres.make(request.node.name)
    shutil.copy(DEPLOY / "dagster.yaml", tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url.replace("postgresql:", f"{scheme()}:"))
    return url


def scheme() -> str:
    """What stands before the colon in the URL of compose.yaml."""
    url = compose()["services"]["daemon"]["environment"]["DAGSTER_POSTGRES_URL"]
    return str(url).partition(":")[0]


def test_a_run_is_stored_in_postgres(storage: str) -> None:
    @dg.asset
    def one() -> int:
        return 1

    with dg.DagsterInstance.get() as instance:
        done = dg.materialize([one], instance=instance)
        # What the daemon does at its ticks has to work with the driver too.
        instance.event_log_storage.set_concurrency_slots("warehouse_one", 1)
        claim = instance.event_log_storage.claim_concurrency_slot("warehouse_one", done.run_id, "a")
        instance.daemon_cursor_storage.set_cursor_values({"a": "1"})
    assert claim.is_claimed
    with psycopg.connect(storage) as connection:
        runs = connection.execute("select run_id, status from runs").fetchall()
        events = connection.execute(
            "select count(*) from event_logs where run_id = %s", [done.run_id]
        ).fetchone()
    assert runs == [(done.run_id, "SUCCESS")]
    assert events and events[0] > 5
    with dg.DagsterInstance.get() as opened:
        found = opened.get_run_by_id(done.run_id)
    assert found and found.status == dg.DagsterRunStatus.SUCCESS


def test_dagster_says_that_its_storage_is_postgres(storage: str) -> None:
    said = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "instance", "info"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "PostgresRunStorage" in said or "DagsterPostgresStorage" in said
    assert "max_concurrent_runs: 2" in said


def test_no_run_of_an_account_meets_another(storage: str) -> None:
    with dg.DagsterInstance.get() as instance:
        settings = instance.get_concurrency_config()
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
    assert settings.pool_config.default_pool_limit == 1
    assert settings.run_queue_config
    (limit,) = settings.run_queue_config.tag_concurrency_limits
    assert limit["key"] == "dagster/code_location"
    assert (limit["value"], limit["limit"]) == ({"applyLimitPerUniqueValue": True}, 1)
