"""Writes the tables of a nasty shop: shuffled, some rows twice, cells in any accepted notation."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

OWN = ("is_resolve",)  # what the generator notes for itself


def write_files(
    rng: random.Random, folder: Path, tables: dict[str, list[dict[str, Any]]], zone: ZoneInfo
) -> None:
    """One file an entity; an empty table is no file. Half the shops give no seq."""
    folder.mkdir(parents=True, exist_ok=True)
    for entity, rows in tables.items():
        left_out = [*OWN, *rng.choice([[], ["seq"]])]
        doubled = [*rows, *(row for row in rows if rng.random() < 0.1)]
        rng.shuffle(doubled)
        if not doubled:
            continue
        names = [name for row in doubled for name in row if name not in left_out]
        with (folder / f"{entity}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            names = list(dict.fromkeys(names))
            out.writerow(names)
            out.writerows([[_cell(rng, zone, row.get(name)) for name in names] for row in doubled])


def _cell(rng: random.Random, zone: ZoneInfo, value: Any) -> str:
    if isinstance(value, bool):
        return rng.choice(["true", "1", "yes"] if value else ["false", "0", "no"])
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None)
        here = value.astimezone(zone).isoformat()
        return rng.choice([f"{plain.isoformat()}Z", plain.isoformat(" "), here])
    return "" if value is None else str(value)
