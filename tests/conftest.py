"""Rings: pure functions (ms), the pipeline on the golden shop built once a session (s), end to end.

Data that the project may not carry lies in the folder that BOOKBAG_SHARED names. Tests that need it
are left out without it, and the run says so.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bookbag_orchestration.settings import silence_telemetry

if TYPE_CHECKING:
    from tests.models import Model

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
def golden(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the golden shop after one run. Tests may read it, never run in it."""
    from tests.support import bookbag

    home = tmp_path_factory.mktemp("golden")
    bookbag("run", "--config", shared / "spec/golden/bookbag.toml", "--home", home)
    return home


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> "list[Model]":
    """The dbt models, compiled once."""
    from tests.models import compiled_models

    return compiled_models(tmp_path_factory.mktemp("compiled"))


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
