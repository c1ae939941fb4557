"""The models against the oracle: every figure of random shops full of trouble.

BOOKBAG_SHOPS says how many shops. Up to eight (the default) they are always the same; of more,
Hypothesis draws the rest and, of one whose figures differ, leaves out what the difference does not
need. BOOKBAG_SEED says where both begin. A failure names the options of its shop;
`write_shop(options, folder)` writes it again.
"""

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, example, given, seed, settings
from hypothesis import strategies as st

from tests.models import Model, built
from tests.oracle import Account, kpi_rows
from tests.oracle.nasty import write_shop
from tests.oracle.nasty_options import FEATURES, SHAPES, WEEK_STARTS, ZONES, Options, drawn

pytestmark = pytest.mark.slow

FIXED = 8
SHOPS = int(os.environ.get("BOOKBAG_SHOPS", FIXED))
SEED = int(os.environ.get("BOOKBAG_SEED", "1"))
# All of it at once, seen to its end, with customers enough for what needs a hundred.
CROWDED = Options(SEED, tickets=8, days=40, is_crowded=True, has=FEATURES[:-1])
KNOWN = [CROWDED, *map(drawn, range(SEED, SEED + FIXED - 1))][:SHOPS]
IS_SEARCH = SHOPS > FIXED
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
COLUMNS = (
    "kpi, stat, grain, period_start, period_end, handling, channel, category, team,"
    " customer_segment, value, numerator, denominator, n"
)
KEYS = 10
MOSTLY = (False, True, True, True, True)  # a difference shrinks to the features it needs


@st.composite
def shops(draw: st.DrawFn) -> Options:
    """Options of a shop; each choice is simplest first, so that a failing shop gets smaller."""
    is_long = draw(st.sampled_from((False, False, False, True)))
    return Options(
        seed=draw(st.integers(0, 2**32 - 1)),
        zone=draw(st.sampled_from(list(ZONES))),
        week_start=draw(st.sampled_from(WEEK_STARTS)),
        tickets=draw(st.integers(1, 12 if is_long else 30)),
        days=draw(st.integers(75, 200) if is_long else st.integers(9, 40)),
        shape=draw(st.sampled_from((*6 * ("full",), *SHAPES))),
        is_crowded=draw(st.sampled_from((*9 * (False,), True))),
        has=tuple(name for name in FEATURES if draw(st.sampled_from(MOSTLY))),
    )


def known(test: Callable[..., Any]) -> Callable[..., Any]:
    """The same shops on every run, before any other."""
    for options in reversed(KNOWN):
        test = example(options)(test)
    return test


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
    expected: Iterable[tuple[object, ...]], found: list[tuple[object, ...]]
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


@dataclass(frozen=True)
class Compared:
    """A shop by the models and by the oracle: figures that differ, and stats that only the models
    have.
    """

    told: list[str]
    unread: set[tuple[str, str]]


def compared(models: list[Model], options: Options) -> Compared:
    with TemporaryDirectory() as name:
        folder = Path(name)
        account = write_shop(options, folder / "export")
        with built(models, write_config(account, folder), folder / "scratch") as connection:
            found = connection.execute(f"select {COLUMNS} from marts.kpi_values").fetchall()
            stats = connection.execute(
                "select kpi, stat from kpis.kpi_stats where not is_hidden"
            ).fetchall()
        expected = list(kpi_rows(folder / "export", account))
    read = {(row.kpi, row.stat) for row in expected}
    return Compared(differences(expected, found), set(stats) - read)


@pytest.fixture(scope="module")
def compare(models: list[Model]) -> Callable[[Options], Compared]:
    """`compared`, once a shop."""
    return cache(lambda options: compared(models, options))


@known
@seed(SEED)
@settings(
    max_examples=max(SHOPS - FIXED, 1),
    phases=(Phase.explicit, *((Phase.generate, Phase.shrink) if IS_SEARCH else ())),
    derandomize=not IS_SEARCH,
    database=None,
    deadline=None,
    print_blob=True,
)
@given(shops())
def test_every_figure_equals_the_oracles(
    compare: Callable[[Options], Compared], options: Options
) -> None:
    told = compare(options).told
    assert not told, f"{options}: {len(told)} figures differ\n" + "\n".join(told[:40])


# Read a second time elsewhere: test_forecast.py, and by hand on fct_alerts.
ELSEWHERE = {"headcount_gap", "alert_latency"}


def test_every_stat_has_a_second_reading(compare: Callable[[Options], Compared]) -> None:
    """Else a new KPI would be right because nobody looked."""
    assert {name for name in compare(CROWDED).unread if name[0] not in ELSEWHERE} == set()
