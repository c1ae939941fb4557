"""README, DECISIONS and docs/ show commands, exit codes and configuration as they are."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer

from bookbag_orchestration.cli import app
from bookbag_orchestration.config import load_config
from tests.docs_support import (
    DOCUMENTS,
    README,
    ROOT,
    blocks_of,
    code_words,
    constant,
    kpi_blocks,
    section,
    text_of,
)


def command_lines() -> Iterator[list[str]]:
    """Words of every bookbag and make command that the documents show."""
    for path in DOCUMENTS:
        shown = [line for _, block in blocks_of(path) for line in block.splitlines()]
        lines = [line.removeprefix("$ ") for line in shown if line.startswith("$ ")]
        for line in [*lines, *code_words(path)]:
            line = line.removeprefix(".venv/bin/")
            if line.startswith(("bookbag ", "make ")):
                yield shlex.split(line, comments=True)


def test_bookbag_commands_exist_with_their_options() -> None:
    known, seen = all_commands(), set()
    for words in command_lines():
        if words[0] == "bookbag":
            name = " ".join(words[1:3]) if " ".join(words[1:3]) in known else words[1]
            assert name in known, f"there is no command {' '.join(words)!r}"
            options = {option for parameter in known[name].params for option in parameter.opts}
            unknown = {word for word in words if word.startswith("--")} - options
            assert not unknown, f"{' '.join(words)!r}: no option {unknown}"
            seen.add(name)
    assert seen == set(known), f"README does not tell of {set(known) - seen}"


def test_options_named_alone_exist() -> None:
    options = {
        option
        for command in all_commands().values()
        for parameter in command.params
        for option in parameter.opts
    }
    for path in DOCUMENTS:
        named = {found for word in code_words(path) for found in re.findall(r"^--[a-z-]+", word)}
        assert named <= options, f"{path.name}: {named - options}"


@cache
def all_commands() -> Mapping[str, Any]:
    """Every command that does something, by its words: "run", "quarantine retry"."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        if not below or command.invoke_without_command:
            found[name] = command
        found.update({f"{name} {part}": each for part, each in below.items()})
    return found


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.M))
    named = {words[1] for words in command_lines() if words[0] == "make"}
    assert named <= targets
    assert named == set(re.findall(r"^\.PHONY: (.*)$", text_of(ROOT / "Makefile"), re.M)[0].split())


def test_exit_codes_are_those_of_the_command() -> None:
    rows = section(README, "Commands and exit codes")
    told = {int(code) for code in re.findall(r"^\| (\d) \|", rows, re.M)}
    stops = {
        node.args[1].value
        for node in ast.walk(ast.parse(text_of(ROOT / "bookbag_orchestration" / "cli.py")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Stop"
        and isinstance(node.args[1], ast.Constant)
    }
    assert told == {0, *stops}


def test_a_run_shows_every_step() -> None:
    shown = next(block for language, block in blocks_of(README) if "make run" in block)
    steps = constant(ROOT / "bookbag_orchestration" / "runs.py", "STEPS")
    assert set(re.findall(r"^  ([a-z]+) ", shown, re.M)) == set(steps)
    assert re.findall(r"^\| ([a-z]+) \| [^|]+ \| [^|]+ \| `", text_of(README), re.M) == list(steps)


def test_the_configuration_shown_is_valid(tmp_path: Path) -> None:
    for path in DOCUMENTS:
        for language, block in blocks_of(path):
            if language == "toml":
                (tmp_path / "bookbag.toml").write_text(block, encoding="utf-8")
                config = load_config(tmp_path / "bookbag.toml")
                assert set(config.kpi) <= set(kpi_blocks())


def test_the_message_after_a_run_points_to_a_section() -> None:
    screens = text_of(ROOT / "bookbag_orchestration" / "screens.py")
    told = re.search(r"README\.md, ([A-Z][\w ]+)", screens)
    assert told and section(README, told[1])
