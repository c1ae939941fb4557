"""The models against the oracle: every figure of random shops full of trouble.

BOOKBAG_SHOPS says how many shops (default 8), BOOKBAG_SEED where they begin. A failure names its
shop; `nasty_shop(seed, folder)` writes it again.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models import Model, built
from tests.oracle import Account, kpi_rows
from tests.oracle.nasty import nasty_shop

SHOPS = int(os.environ.get("BOOKBAG_SHOPS", "8"))
SEED = int(os.environ.get("BOOKBAG_SEED", "1"))
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COLUMNS = (
    "kpi, stat, grain, period_start, period_end, handling, channel, category, team,"
    " customer_segment, value, numerator, denominator, n"
)
KEYS = 10


def write_config(account: Account, folder: Path) -> Path:
    lines = [f'as_of = "{account.as_of.isoformat()}"'] if account.as_of else []
    lines += [
        "[account]",
        f'id = "{account.id}"',
        f'timezone = "{account.timezone}"',
        f'currency = "{account.currency}"',
        f'week_start = "{WEEKDAYS[account.week_start - 1]}"',
    ]
    if account.ai_coverage_complete_from:
        lines.append(f"ai_coverage_complete_from = {account.ai_coverage_complete_from}")
    lines += [
        "[[source]]",
        'name = "nasty"',
        'kind = "files"',
        'path = "export"',
        f'timezone = "{account.source_timezone}"',
    ]
    path = folder / "bookbag.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def differences(
    expected: Iterator[tuple[object, ...]], found: list[tuple[object, ...]]
) -> list[str]:
    """Figures that only one side has, or that differ by more than rounding.

    A slice of nothing (no value, n 0) may as well be absent; the whole must have its row.
    """
    left = {tuple(row[:KEYS]): row[KEYS:] for row in expected}
    kpis = {(key[0], key[1]) for key in left}
    right = {tuple(row[:KEYS]): row[KEYS:] for row in found if (row[0], row[1]) in kpis}
    told = []
    for key in sorted(left.keys() | right.keys(), key=str):
        one, other = left.get(key), right.get(key)
        is_whole = set(key[5:]) == {"all"}
        if _is_nothing(one) and _is_nothing(other) and (not is_whole or (one and other)):
            continue
        if one is None or other is None or not all(map(_same, one, other)):
            told.append(f"{' '.join(map(str, key))}: oracle {one}, models {other}")
    return told


def _is_nothing(row: tuple[object, ...] | None) -> bool:
    return row is None or (row[0] is None and row[-1] == 0)


def _same(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)
    return one == other


@pytest.mark.parametrize("seed", range(SEED, SEED + SHOPS))
def test_every_figure_equals_the_oracles(seed: int, models: list[Model], tmp_path: Path) -> None:
    account = nasty_shop(seed, tmp_path / "export")
    with built(models, write_config(account, tmp_path), tmp_path / "scratch") as connection:
        found = connection.execute(f"select {COLUMNS} from marts.kpi_values").fetchall()
    told = differences(iter(kpi_rows(tmp_path / "export", account)), found)
    assert not told, f"shop {seed}: {len(told)} figures differ\n" + "\n".join(told[:40])
