"""Rules of the house that a reader relies on and that no other tool checks."""

import re
from pathlib import Path

import pytest

from bookbag_orchestration.settings import DBT_PROJECT, PROJECT

MODELS = sorted((DBT_PROJECT / "models").rglob("*.sql"))
SQL = [*MODELS, *sorted((DBT_PROJECT / "macros").rglob("*.sql"))]
SEEDS = {path.stem for path in (DBT_PROJECT / "seeds").glob("*.csv")}
PACKAGES = ("bookbag_orchestration", "ingestion", "expectations", "reports")
PYTHON = sorted(path for package in PACKAGES for path in (PROJECT / package).rglob("*.py"))
# A layer may read itself and the one before it.
LAYERS = ("staging", "intermediate", "core", "marts")
PREFIXES = {"staging": "stg_", "intermediate": "int_"}


def layer_of(model: str) -> str:
    path = next(path for path in MODELS if path.stem == model)
    return path.relative_to(DBT_PROJECT / "models").parts[0]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_data_flows_one_way(path: Path) -> None:
    layer, text = layer_of(path.stem), path.read_text()
    if layer != "staging":
        assert "source(" not in text
    assert path.stem.startswith(PREFIXES.get(layer, ""))
    for name in set(re.findall(r"ref\('(\w+)'\)", text)) - SEEDS:
        step = LAYERS.index(layer) - LAYERS.index(layer_of(name))
        assert 0 <= step <= 1, f"{path.stem} ({layer}) reads {name} ({layer_of(name)})"


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_no_model_asks_for_the_time(path: Path) -> None:
    text = re.sub(
        r"--.*|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL if "{#" in path.name else 0
    )
    assert not re.search(
        r"\b(now\(\)|current_timestamp|current_date|today\(\))", text, re.IGNORECASE
    )


@pytest.mark.parametrize(
    "path", [*PYTHON, *(PROJECT / "tests").rglob("*.py")], ids=lambda path: path.stem
)
def test_a_module_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_a_yml_fits_in_the_head() -> None:
    long = {
        str(path.relative_to(DBT_PROJECT)): len(path.read_text().splitlines())
        for path in (DBT_PROJECT / "models").rglob("*.yml")
    }
    assert {name: lines for name, lines in long.items() if lines > 260} == {}


def test_only_settings_reads_the_environment() -> None:
    readers = [
        path.relative_to(PROJECT).as_posix()
        for path in PYTHON
        if re.search(r"os\.environ|getenv", path.read_text())
    ]
    assert sorted(readers) == ["bookbag_orchestration/settings.py"]
