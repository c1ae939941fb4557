"""What dbt says of a build, from its own account of it: what failed, what to look at."""

import json
from collections.abc import Sequence
from pathlib import Path

SHOWN_FAULTS = 5


class TransformError(Exception):
    """Models or tests of the dbt project that failed; the message names them."""


def warnings(results: Path) -> list[str]:
    """Tests that found rows which the numbers can stand."""
    nodes = json.loads(results.read_text())["results"]
    return [node["unique_id"].split(".")[2] for node in nodes if node["status"] == "warn"]


def broken_nodes(results: Path) -> str:
    """What dbt says of each node that failed, from its own account of the run."""
    nodes = json.loads(results.read_text())["results"] if results.exists() else []
    return broken([(node["unique_id"], node["status"], node.get("message")) for node in nodes])


def broken(nodes: Sequence[tuple[str, str, str | None]]) -> str:
    """The nodes that failed, of all that were run: id, status and message of each."""
    if not nodes:
        return "dbt could not start; its words are in the log. Run again with --verbose."
    found = [
        f"{name.split('.')[2]}: {' '.join((message or '').split())}"
        for name, status, message in nodes
        if status in ("error", "fail")
    ]
    more = f" … and {len(found) - SHOWN_FAULTS} more" if len(found) > SHOWN_FAULTS else ""
    return (
        f"dbt: {'; '.join(found[:SHOWN_FAULTS])}{more}. Look at the rows with `dbt build` in"
        " dbt_project/, or at the log."
    )
