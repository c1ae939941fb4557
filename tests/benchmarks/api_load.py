"""How fast a first load through an API is, and what memory it takes, by the length of the history.

    python tests/benchmarks/api_load.py [kind] [times …]

A sample shop, and shops so many times its size, are served by the sandbox in a process of their own
without limits, and loaded by the pipeline in another. Prints documents a second, of wall and of CPU
time, and the loading process's peak of resident memory.
"""

import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic, process_time

from starlette.applications import Starlette

from bookbag_orchestration.settings import silence_telemetry
from ingestion import SOURCES, VENDORS
from ingestion.api import ApiSpec
from ingestion.pipeline import build, load
from ingestion.run import SourceRun
from ingestion.sample.source import living_shop
from ingestion.sample.story import SampleSpec
from ingestion.sandbox.app import create_app
from ingestion.sandbox.serve import in_background
from ingestion.sandbox.world import live_world

KIND, TIMES = "zendesk", ("1", "4")


def app(times: int) -> Starlette:
    spec = SampleSpec(orders=SampleSpec.orders * times, tickets=SampleSpec.tickets * times)
    world, clock = live_world(living_shop(spec, datetime.now(UTC)))
    return create_app(world, clock, limits=False)


def measure(kind: str, times: int) -> None:
    url = in_background(partial(app, times))()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        secrets = dict.fromkeys(VENDORS[kind].secrets[-1], "x")
        spec = ApiSpec("desk", kind, f"{url}/{kind}", secrets=secrets)
        run = SourceRun(place / "bookbag.duckdb", place / "scratch", datetime.now(UTC))
        pipeline = build("desk", run.warehouse, place / "dlt")
        began, cpu_began = monotonic(), process_time()
        loaded = load(pipeline, lambda: SOURCES[kind](spec, run), run)
        seconds, cpu = monotonic() - began, process_time() - cpu_began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{kind} × {times}: {loaded.total:,} documents, {loaded.total / seconds:,.0f}/s,"
        f" {loaded.total / cpu:,.0f}/CPU s, peak {peak:,.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    silence_telemetry()
    kind, sizes = (sys.argv[1:2] or [KIND])[0], sys.argv[2:] or TIMES
    if len(sizes) == 1:
        measure(kind, int(sizes[0]))
    else:
        for size in sizes:
            subprocess.run([sys.executable, __file__, kind, size], check=True)
