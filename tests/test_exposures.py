"""dbt's exposures of what is shipped name the models that it really reads, so that dbt docs and
`dbt ls --select +exposure:…` can be believed.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bookbag_orchestration.publishing import CORE_TABLES, MARTS
from reports.files import write_report
from reports.periods import MONTHLY, WEEKLY, Rhythm
from tests.docs_support import ROOT, kpi_blocks

pytestmark = pytest.mark.slow

PAGES = sorted((ROOT / "reports" / "pages").glob("*.md"))
# The detector, the incidents and the messages that are made of them.
ALERTING = (
    "expectations/anomalies/*.py",
    "bookbag_orchestration/alert*.py",
    "reports/incidents.py",
)


def models() -> set[str]:
    return {path.stem for path in (ROOT / "dbt_project/models").rglob("*.sql")}


def read_by(queries: str) -> set[str]:
    """The models among the published tables that SQL names."""
    return {table for _, table in re.findall(r"\b(marts|core)\.(\w+)", queries)} & models()


def exposed(manifest: Any, name: str) -> set[str]:
    exposure = manifest.exposures[f"exposure.bookbag.{name}"]
    assert exposure.owner.name and exposure.description and exposure.label
    return {unique_id.split(".")[-1] for unique_id in exposure.depends_on.nodes}


def test_every_exposure_is_a_kpi_or_something_that_is_shipped(manifest: Any) -> None:
    shipped = {f"dashboard_{page.stem}" for page in PAGES}
    shipped |= {"weekly_summary", "monthly_summary", "incidents", "published_copy"}
    names = {exposure.name for exposure in manifest.exposures.values()}
    assert names == shipped | set(kpi_blocks())
    assert not shipped & set(kpi_blocks())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_hangs_on_the_tables_that_its_queries_read(manifest: Any, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    queries = "\n".join(re.findall(r"^```sql \w+\n(.*?)^```$", text, re.M | re.S))
    assert exposed(manifest, f"dashboard_{page.stem}") == read_by(queries)
    title = re.search(r"^title: (.+)$", text, re.M)
    exposure = manifest.exposures[f"exposure.bookbag.dashboard_{page.stem}"]
    assert title and exposure.label == f"Dashboard: {title[1]}"


class Listening:
    """A connection that keeps what it is asked."""

    def __init__(self, connection: Any, asked: list[str]) -> None:
        self.connection, self.asked = connection, asked

    def cursor(self) -> "Listening":
        return Listening(self.connection.cursor(), self.asked)

    def execute(self, sql: str, *values: Any) -> Any:
        self.asked.append(sql)
        return self.connection.execute(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@pytest.mark.parametrize("rhythm", [WEEKLY, MONTHLY], ids=lambda rhythm: rhythm.name)
def test_a_summary_hangs_on_the_tables_that_it_reads(
    manifest: Any, golden: Path, tmp_path: Path, rhythm: Rhythm
) -> None:
    asked: list[str] = []
    path = shutil.copyfile(golden / "published/bookbag.duckdb", tmp_path / "bookbag.duckdb")
    with duckdb.connect(str(path)) as copy:
        # The golden shop has no whole month.
        copy.execute("update marts.kpi_values set is_partial = false where grain = 'month'")
        copy.execute("update marts.account set data_as_of = data_as_of + interval 20 days")
        listening: Any = Listening(copy, asked)
        write_report(listening, tmp_path, rhythm)
    assert exposed(manifest, f"{rhythm.name}_summary") == read_by("\n".join(asked))


def test_alerts_hang_on_the_tables_that_they_are_made_of(manifest: Any) -> None:
    texts = [path.read_text() for pattern in ALERTING for path in ROOT.glob(pattern)]
    assert exposed(manifest, "incidents") == read_by("\n".join(texts))


def test_the_published_copy_hangs_on_every_model_in_it(manifest: Any) -> None:
    assert exposed(manifest, "published_copy") == {*MARTS, *CORE_TABLES} & models()
