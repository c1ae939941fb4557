"""What one more KPI costs: the whole build with and without, in turns, as a ratio.

    python tests/benchmarks/new_kpi.py .bookbag/warehouse/bookbag.duckdb [turns]

Builds copies of the warehouse and of the dbt project; several KPIs are added at once, so that the
difference stands out of the noise, and divided by their number. CPU seconds of the dbt process.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from bookbag_orchestration.settings import DBT_PROJECT, silence_telemetry

ADDED = 20
BLOCK = """
  - name: added_{number}
    label: Added {number}
    type: analysis
    description: Share of episodes with more than {number} human replies.
    owner: {{name: Nobody}}
    depends_on: [ref('fct_episodes')]
    config:
      tags: [kpi]
      meta:
        code: Y{number}
        tier: diagnostic
        unit: ratio
        direction: context
        quadrant: quality
        benchmark: none
        benchmark_source: "none"
        protocol: None.
        cadence: weekly
        reads: [tickets]
        needs: [has_tickets]
        min_n: account
        attribution: cohort
        fact: fct_episodes
        at: opened_at
        where: is_countable
        stats:
          - {{stat: ratio, ratio: human_replies > {number}}}
"""


def cpu_seconds(project: Path, warehouse: Path, scratch: Path) -> float:
    """Of one whole build of `project` into `warehouse`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [Path(sys.executable).parent / "dbt", "build", "--quiet", "--exclude",
         "resource_type:unit_test", "--project-dir", project, "--profiles-dir", DBT_PROJECT,
         "--target-path", scratch / "target", "--log-path", scratch / "logs"],
        check=True, env={**os.environ, "BOOKBAG_WAREHOUSE": str(warehouse)},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main(source: Path, turns: int) -> None:
    silence_telemetry()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        warehouse = scratch / "bookbag.duckdb"
        shutil.copyfile(source, warehouse)
        projects = {"without": scratch / "without", "with": scratch / "with"}
        for project in projects.values():
            left_out = shutil.ignore_patterns("target", "logs")
            shutil.copytree(DBT_PROJECT, project, ignore=left_out)
        blocks = "".join(BLOCK.format(number=number) for number in range(1, ADDED + 1))
        (projects["with"] / "models/marts/kpis/added.yml").write_text(f"exposures:\n{blocks}")
        spent: dict[str, list[float]] = {name: [] for name in projects}
        for turn in range(turns + 1):
            for name, project in projects.items():
                seconds = cpu_seconds(project, warehouse, scratch / f"dbt_{name}")
                if turn:  # the first one parses the project anew
                    spent[name].append(seconds)
    without, added = median(spent["without"]), median(spent["with"])
    share = (added - without) / ADDED / without
    print(f"build {without:.1f} CPU s, with {ADDED} KPIs more {added:.1f}; one adds {share:.2%}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 3)
