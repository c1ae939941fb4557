"""How long 10,000 daily series take to be scored for one day, on one core: at most 2 CPU seconds.

    python -m tests.benchmarks.anomaly_speed [series]

As many of each kind, with 140 days each, which is all that the rules look back on. Prints a row of
a table: what reading and writing take is not in it.
"""

import os
import subprocess
import sys
from statistics import median
from time import process_time
from typing import Final

import numpy as np

from expectations.anomalies.laws import LAWS
from expectations.anomalies.observations import Observations
from expectations.anomalies.rules import DAILY
from expectations.anomalies.scoring import score

SERIES, DAYS, TURNS, BAR_S = 10_000, DAILY.window, 3, 2.0
SIZE: Final = 60
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def observations(kind: str, series: int, seed: int) -> Observations:
    rng = np.random.default_rng(seed)
    shape, week = (series, DAYS), np.arange(DAYS) % 7
    size = rng.poisson(SIZE * np.where(week >= 5, 0.7, 1.0), shape).astype(float)
    nothing, sd = np.full(shape, np.nan), np.full(shape, 1.0)
    apart = rng.standard_normal(shape) / np.sqrt(np.maximum(size, 1))
    share = rng.binomial(size.astype(np.int64), 0.8) / np.maximum(size, 1)
    value = {
        "count": size,
        "rate": share,
        "ratio": share,
        "mean": 4.2 + apart,
        "duration": 3600 * np.exp(apart),
    }[kind]
    there = np.ones(shape, bool)
    return Observations(kind, value, value * size, size, sd if kind == "mean" else nothing,
                        week, there)  # fmt: skip


def main(series: int) -> None:
    spent = dict.fromkeys(LAWS, 0.0)
    for kind in LAWS:
        seen = observations(kind, series // len(LAWS), seed=1)
        taken = []
        for _ in range(TURNS):
            began = process_time()
            score(seen, np.ones(seen.value.shape, bool), DAILY)
            taken.append(process_time() - began)
        spent[kind] = median(taken)
    total = sum(spent.values())
    print(f"| series | {' | '.join(spent)} | CPU s | bar |\n|{'---|' * (len(spent) + 3)}")
    parts = " | ".join(f"{seconds:.2f}" for seconds in spent.values())
    print(f"| {series:,} | {parts} | {total:.2f} | ≤ {BAR_S:.0f} |")


if __name__ == "__main__":
    if all(os.environ.get(name) == "1" for name in THREADS):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SERIES)
    else:
        # Libraries read it when they are loaded.
        one = {**os.environ, **dict.fromkeys(THREADS, "1")}
        subprocess.run([sys.executable, "-m", __spec__.name, *sys.argv[1:]], env=one, check=True)
