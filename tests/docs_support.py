"""The documents and the KPI blocks, read in parts: what the tests of the documents share."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
README, DECISIONS = ROOT / "README.md", ROOT / "DECISIONS.md"
FORMAT = ROOT / "docs" / "export-format.md"
VENDORS = ROOT / "docs" / "vendor-figures.md"
ALERTS = ROOT / "docs" / "alerts.md"
REPORTS = ROOT / "docs" / "reports.md"
BI = ROOT / "docs" / "bi.md"
DOCUMENTS = (README, DECISIONS, FORMAT, VENDORS, ALERTS, REPORTS, BI)
KPI_FILES = ROOT / "dbt_project" / "models" / "marts" / "kpis"


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def blocks_of(path: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text_of(path), re.M | re.S)


@cache
def prose_of(path: Path) -> str:
    """The document without its fenced blocks and its picture's description."""
    return re.sub(r"^```.*?^```$", "", text_of(path), flags=re.M | re.S)


def code_words(path: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose_of(path))


def section(path: Path, title: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#|\Z)", text_of(path), re.M | re.S)
    assert found, f"{path.name} has no section {title!r}"
    return found[2]


@cache
def kpi_blocks() -> Mapping[str, Mapping[str, Any]]:
    """Every KPI block by name: headlines first, then by code."""
    found = [
        block
        for file in sorted(KPI_FILES.glob("*.yml"))
        for block in yaml.safe_load(file.read_text(encoding="utf-8")).get("exposures", [])
        if "kpi" in block["config"]["tags"]
    ]
    found.sort(key=lambda block: _rank(block["config"]["meta"]))
    return {block["name"]: block for block in found}


def _rank(meta: Mapping[str, Any]) -> tuple[bool, str, int]:
    letter, number = meta["code"][0], int(meta["code"][1:])
    return meta["tier"] != "headline", letter, number


def constant(path: Path, name: str) -> Any:
    """A literal of a module, without the module's imports."""
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{path.name} has no {name}")
