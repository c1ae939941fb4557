"""README, DECISIONS and docs/ say what there is: tables, KPIs, names, paths and links.

Two tables of the documents are written from the code. `python tests/test_docs.py` writes them anew.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.contracts import ENTITIES, Column
from reports.formats import kind_of, threshold
from reports.wording import stat_words
from tests.docs_support import (
    DECISIONS,
    DOCUMENTS,
    FORMAT,
    README,
    ROOT,
    blocks_of,
    code_words,
    constant,
    kpi_blocks,
    prose_of,
    section,
    text_of,
)

PUBLISH = ROOT / "bookbag_orchestration" / "publishing.py"

SOURCE_SUFFIXES = (".py", ".sql", ".yml", ".toml", ".j2")
PATH_SUFFIXES = (".py", ".sql", ".yml", ".toml", ".md", ".lock", ".png")
# What a run or a user makes: in no clean clone.
MADE = ("bookbag.toml", ".venv", ".bookbag", "exports", "raw_<source>")
PICTURE_BYTES, ALL_PICTURES_BYTES = 150_000, 3_000_000
TYPE_WORDS = {
    "integer": "whole number", "decimal": "number", "double": "number", "score": "of its scale",
    "month": "YYYY-MM", "clock": "HH:MM",
}  # fmt: skip


def first_cells(text: str) -> list[str]:
    """The code word that each row of the tables in the text begins with."""
    return re.findall(r"^\| `([^`]+)`", text, re.M)


@cache
def source_text() -> str:
    """All that the project's own code says, for names that documents use."""
    folders = ("bookbag_orchestration", "ingestion", "expectations", "reports", "dbt_project")
    files = [path for name in folders for path in sorted((ROOT / name).rglob("*"))]
    texts = [text_of(path) for path in files if path.suffix in SOURCE_SUFFIXES]
    return "\n".join([*texts, text_of(ROOT / "pyproject.toml"), text_of(ROOT / "Makefile")])


@cache
def models() -> frozenset[str]:
    return frozenset(path.stem for path in (ROOT / "dbt_project" / "models").rglob("*.sql"))


# Tables that are written from the code


def kpi_table() -> str:
    lines = ["| code | KPI | what it is | owner | target |", "|---|---|---|---|---|"]
    for name, block in kpi_blocks().items():
        meta = block["config"]["meta"]
        label = f"**{block['label']}**" if meta["tier"] == "headline" else block["label"]
        cells = (
            meta["code"],
            f"{label} `{name}`",
            _first_sentence(block["description"]),
            block["owner"]["name"],
            _target(name, meta),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s+(?=[A-Z`=])", " ".join(text.split()), maxsplit=1)[0]


def _target(kpi: str, meta: Mapping[str, Any]) -> str:
    """The middle tier with its side and, unless it is the KPI's own, the stat it is about."""
    if not meta.get("targets"):
        return "—"
    tiers = meta["targets"][0] if isinstance(meta["targets"], list) else meta["targets"]
    first = meta["stats"][0].get("stat", "mean")
    stat = tiers.get("stat", first)
    kind = kind_of(kpi, stat, _unit(meta, stat))

    def shown(value: float) -> str:
        return threshold(value, kind).replace(".0 %", " %")

    if tiers.get("is_absolute"):
        return f"within ±{shown(tiers['better'])}"
    aim = f"{'≥' if tiers['best'] > tiers['good'] else '≤'} {shown(tiers['better'])}"
    if "floor" in tiers:
        aim = f"{shown(tiers['floor'])} to {shown(tiers['better'])}"
    if "times_daily" in tiers:
        aim += " × the tickets of a mean day"
    if "sync" in tiers:
        aim += f", chat {shown(tiers['sync']['better'])}"
    words = stat_words(stat)
    return f"{words} {aim}" if words and (stat != first or kind == "seconds") else aim


def _unit(meta: Mapping[str, Any], stat: str) -> str:
    """A stat's own unit; of a KPI of several its namesake, else the first."""
    own = next((entry.get("unit") for entry in meta["stats"] if entry.get("stat") == stat), None)
    units = [part.strip() for part in (own or meta["unit"]).split(",")]
    return stat if stat in units else units[0]


def entity_table() -> str:
    lines = ["| table | key | columns |", "|---|---|---|"]
    for entity in ENTITIES.values():
        key = ", ".join(f"`{name}`" for name in entity.key) or "the whole row"
        columns = ", ".join(_column(column) for column in entity.columns)
        lines.append(f"| `{entity.name}` | {key} | {columns} |")
    return "\n".join(lines)


def _column(column: Column) -> str:
    name = f"**`{column.name}`**" if column.is_required else f"`{column.name}`"
    if column.allowed and len(column.allowed) <= 10:
        return f"{name} ({', '.join(column.allowed)})"
    is_plain = column.type == "text" or column.name.startswith("is_") or column.name.endswith("_at")
    return name if is_plain else f"{name} ({TYPE_WORDS.get(column.type, column.type)})"


WRITTEN = {"kpi table": (README, kpi_table), "entity table": (FORMAT, entity_table)}


@pytest.mark.parametrize("name", WRITTEN)
def test_written_tables_are_what_the_code_says(name: str) -> None:
    path, table = WRITTEN[name]
    marks = rf"<!-- {name}: start -->\n(.*)\n<!-- {name}: end -->"
    found = re.search(marks, text_of(path), re.S)
    assert found, f"{path.name} has lost the markers of the {name}"
    assert found[1] == table(), "the code has changed: run `python tests/test_docs.py`"


# Tables, KPIs and names


@pytest.mark.parametrize(
    ("schema", "names"), [("marts", ("MARTS", "KEPT")), ("core", ("CORE_TABLES",))]
)
def test_published_tables_are_those_that_are_published(schema: str, names: tuple[str]) -> None:
    told = section(README, "Published tables").partition(f"Schema `{schema}`")[2]
    tables = [table for name in names for table in constant(PUBLISH, name)]
    assert sorted(first_cells(told.partition("\nSchema ")[0])) == sorted(tables)


def test_kpis_with_an_alert_in_words_only_are_named() -> None:
    silent = [
        name
        for name, block in kpi_blocks().items()
        if block["config"]["meta"].get("alert") and not block["config"]["meta"].get("alerts")
    ]
    found = re.search(r"an alert in words only and raise none: (.*)\.", text_of(README))
    assert found
    assert sorted(re.findall(r"`(\w+)`", found[1])) == sorted(silent)


def test_the_kpi_block_shown_is_the_real_one() -> None:
    shown = next(block for language, block in blocks_of(README) if language == "yaml")
    (block,) = yaml.safe_load(shown)
    assert block == kpi_blocks()[block["name"]]


def test_each_kpi_has_its_decision() -> None:
    told = set(code_words(DECISIONS))
    assert not set(kpi_blocks()) - told


def test_models_named_exist() -> None:
    for path in DOCUMENTS:
        named = [word for word in code_words(path) if re.match(r"(stg|int|fct|dim)_\w+$", word)]
        unknown = set(named) - models()
        assert not unknown, f"{path.name}: {unknown}"


def test_names_in_code_font_are_of_this_project() -> None:
    """Names of others are written plain, so that each name in code font can be looked up."""
    for path in DOCUMENTS:
        names = {word for word in code_words(path) if re.match(r"[a-z]+(_[a-z0-9]+)+$", word)}
        known = set(re.findall(r"\w+", source_text()))
        written_out = {name for name in names if _is_expanded(name)}
        unknown = names - known - models() - written_out
        assert not unknown, f"{path.name}: {unknown}"


def _is_expanded(name: str) -> bool:
    """Stats that `times` stands for are nowhere written out."""
    return re.fullmatch(r"(mean|median|p90|within_target)(_biz)?", name) is not None


# Paths and links


def paths_named(path: Path) -> Iterator[str]:
    for word in code_words(path):
        is_path = "/" in word and re.fullmatch(r"[\w./<>*-]+", word)
        if is_path or (word.endswith(PATH_SUFFIXES) and re.fullmatch(r"[\w.*<>-]+", word)):
            yield word


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paths_named_exist(path: Path) -> None:
    tests = ROOT / "dbt_project" / "tests"
    for name in paths_named(path):
        if name.startswith(MADE) or "<" in name or name.rstrip("/") in ENTITIES:
            continue
        found = list(ROOT.glob(name.rstrip("/"))) or list(tests.glob(name))
        assert found, f"{path.name}: there is no {name}"


def test_the_layout_exists() -> None:
    (tree,) = (block for language, block in blocks_of(README) if not language)
    folder = ROOT
    for line in tree.splitlines():
        if not line.startswith(" "):
            folder = ROOT
        for name in re.split(r"\s{2,}", line.strip().rpartition("  ")[0].strip()):
            path = (folder if line.startswith(" ") else ROOT) / name
            assert path.exists(), f"README's layout: there is no {path.relative_to(ROOT)}"
        if not line.startswith(" "):
            folder = ROOT / line.split()[0]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose_of(path)):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.exists(), f"{path.name}: there is no {target}"
        if anchor:
            assert anchor in anchors(linked), f"{path.name}: no heading {target}"


def anchors(path: Path) -> set[str]:
    """Anchors of the headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.+)$", prose_of(path), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_no_document_names_a_place_on_a_machine() -> None:
    for path in DOCUMENTS:
        found = re.findall(r"(?<![\w.…:/~\])*<>])/[a-z]+/[\w./-]+", text_of(path))
        assert not found, f"{path.name}: {found}"


def test_pictures_are_small_and_shown() -> None:
    pictures = list((ROOT / "docs").rglob("*.png"))
    shown = {
        (document.parent / target).resolve()
        for document in (README, *(ROOT / "docs").glob("*.md"))
        for target in re.findall(r"""[\s(="]([\w/.-]+\.png)\b""", text_of(document))
    }
    for picture in pictures:
        assert picture.stat().st_size <= PICTURE_BYTES
        assert picture in shown, f"no document shows {picture.name}"
    assert sum(picture.stat().st_size for picture in pictures) <= ALL_PICTURES_BYTES


def write_tables() -> None:
    """Writes the tables that are made from the code into their documents."""
    for name, (path, table) in WRITTEN.items():
        start, end = f"<!-- {name}: start -->", f"<!-- {name}: end -->"
        before, _, rest = path.read_text(encoding="utf-8").partition(start)
        _, _, after = rest.partition(end)
        path.write_text(f"{before}{start}\n{table()}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_tables()
