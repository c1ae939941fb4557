"""Rings: pure functions (ms), the pipeline on the golden shop built once a session (s), end to end.

Data that the project may not carry lies in the folder that BOOKBAG_SHARED names. Tests that need it
are left out without it, and the run says so.
"""

import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from bookbag_orchestration.settings import silence_telemetry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.models import Model
    from tests.postgres_support import Server

silence_telemetry()

SHARED = "BOOKBAG_SHARED"
NEEDS_SHARED = ("shared", "golden")


def _shared_folder() -> Path | None:
    named = os.environ.get(SHARED)
    return Path(named).resolve() if named and Path(named).is_dir() else None


def pytest_report_header() -> str:
    folder = _shared_folder()
    return f"{SHARED}: {'set' if folder else 'absent, so tests of shared data are left out'}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Files that take long begin first, so that no core waits for the last of them.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
    if _shared_folder():
        return
    needing = [item for item in items if set(NEEDS_SHARED) & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = _shared_folder()
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Folders that the first process of the test run that needs them fills, for all of them."""
    base = tmp_path_factory.getbasetemp()
    shared_base = base if worker_id == "master" else base.parent

    def folder(name: str, fill: Callable[[Path], None]) -> Path:
        path = shared_base / name
        done = shared_base / f"{name}.done"
        with FileLock(shared_base / f"{name}.lock"):
            if not done.exists():
                fill(path)
                done.touch()
        return path

    return folder


@pytest.fixture(scope="session")
def golden(shared: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The home folder of the golden shop after one run. Tests may read it, never run in it."""
    from tests.support import bookbag

    def run(home: Path) -> None:
        bookbag("run", "--config", shared / "spec/golden/bookbag.toml", "--home", home)

    return made_once("golden", run)


@pytest.fixture(scope="session")
def manifest(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Any:
    """The dbt project as dbt has read it, for `dbt` of tests.dbt_support."""
    from tests.dbt_support import parsed

    return parsed(made_once("parsed", parsed))


@pytest.fixture(scope="session")
def models(
    manifest: Any, made_once: Callable[[str, Callable[[Path], None]], Path]
) -> "list[Model]":
    """The dbt models, compiled once."""
    from tests.models import compiled_models

    def compile_them(folder: Path) -> None:
        folder.mkdir()
        (folder / "models.pickle").write_bytes(pickle.dumps(compiled_models(manifest, folder)))

    found: list[Model] = pickle.loads(
        (made_once("models", compile_them) / "models.pickle").read_bytes()
    )
    return found


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Server]":
    """A PostgreSQL server of this process of the test run."""
    from tests.postgres_support import running

    with running() as server:
        yield server


@pytest.fixture(scope="session")
def site(golden: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The dashboard of the golden shop."""
    from reports.evidence.site import build_site

    def build(folder: Path) -> None:
        build_site(golden / "published" / "bookbag.duckdb", folder)

    return made_once("dashboard", build)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    from tests.browser_support import program

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program())
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """The command hands its options on through the environment; each test starts without."""
    before = {name: value for name, value in os.environ.items() if name.startswith("BOOKBAG_")}
    for name in [*before]:
        if name != SHARED:
            del os.environ[name]
    yield
    for name in [name for name in os.environ if name.startswith("BOOKBAG_")]:
        del os.environ[name]
    os.environ.update(before)
