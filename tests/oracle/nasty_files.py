"""Writes the tables of a nasty shop: shuffled, some rows twice, cells in any accepted notation."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .nasty_options import Options

OWN = ("is_resolve", "wanted_sku")  # what the generator notes for itself
SPARED = {"messages": "seq", "ticket_events": "seq", "time_entries": "entry_id"}


def write_files(options: Options, folder: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    """One file an entity; an empty table is no file. Half the shops spare some column."""
    folder.mkdir(parents=True, exist_ok=True)
    zone = ZoneInfo(options.zone)
    for entity, rows in tables.items():
        rng = options.rng(f"{entity}.csv")
        left_out = {*OWN, rng.choice(["", SPARED.get(entity, "")])}
        doubled = [*rows, *(row for row in rows if rng.random() < 0.1)]
        rng.shuffle(doubled)
        if not doubled:
            continue
        names = list(dict.fromkeys(name for row in doubled for name in row if name not in left_out))
        with (folder / f"{entity}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(names)
            out.writerows([[_cell(rng, zone, row.get(name)) for name in names] for row in doubled])


def _cell(rng: random.Random, zone: ZoneInfo, value: Any) -> str:
    if isinstance(value, bool):
        return rng.choice(["true", "1", "yes"] if value else ["false", "0", "no"])
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None)
        here = value.astimezone(zone).isoformat()
        return rng.choice([f"{plain.isoformat()}Z", plain.isoformat(" "), here])
    if isinstance(value, list):
        return rng.choice([json.dumps(value), ";".join(value)]) if value else ""
    return "" if value is None else str(value)
