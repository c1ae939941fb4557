"""The README's recipe for a source of one's own: a module, a staging folder, a line in two lists.

A helpdesk that nobody has is added in just that way to a copy of the project, and run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bookbag_orchestration.settings import PROJECT
from ingestion.sandbox.serve import running
from tests.support import landed, published

pytestmark = pytest.mark.slow

MODULE = '''
"""Sources of kind `toydesk`: `tickets`, a row a ticket, in the order of their last change, of which
the last one is read again. Nothing is ever deleted there, and nobody limits the calls.
"""

from collections.abc import Iterator

from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

from ingestion.api import Api, ApiSpec, Page
from ingestion.run import SourceRun
from ingestion.streams import State, Stream, Vendor


def connect(spec: ApiSpec) -> Api:
    return Api(spec, BearerTokenAuth(spec.secrets["token"]))


def _tickets(api: Api, state: State, run: SourceRun) -> Iterator[Page]:
    paginator = JSONResponseCursorPaginator(cursor_path="next", cursor_param="after")
    params = {"since": state.get("changed_at", "")}
    for page in api.pages("tickets", paginator, data="tickets", params=params):
        for ticket in page.documents:
            state["changed_at"] = max(ticket["changed_at"], state.get("changed_at", ""))
        yield page


VENDOR = Vendor(
    [Stream("tickets", _tickets)],
    connect,
    address="https://{subdomain}.toydesk.example",
    secrets=(("token",),),
)
'''
SOURCES_YML = """
sources:
  - name: landed
    schema: landed
    tables:
      - name: toydesk_tickets
"""
# What the desk does not know is NULL, of the type that the export format gives it.
UNKNOWN = {
    "varchar": "subcategory priority team assignee_id brand subject_hash tags language product_sku"
    " order_id merged_into customer_id",
    "timestamptz": "deleted_at first_reply_at",
    "boolean": "is_sync",
}
STAGING = """
with

tickets as (
    {{ newest_documents(source('landed', 'toydesk_tickets')) }}
),

renamed as (
    select
        source,
        _key as ticket_id,
        {{ instant(json_text('payload', '$.opened_at')) }} as created_at,
        {{ instant(json_text('payload', '$.changed_at')) }} as updated_at,
        {{ instant(json_text('payload', '$.done_at')) }} as resolved_at,
        {{ json_text('payload', '$.who') }} as customer_email,
        {{ json_text('payload', '$.about') }} as category,
        'email' as channel,
        case when {{ json_text('payload', '$.done_at') }} is null then 'open' else 'solved' end
            as status,
        false as is_spam,
        false as is_deleted,
        false as is_test,
        UNKNOWN_COLUMNS,
        loaded_at
    from tickets
    where row_rank = 1 and not _is_deleted
)

select * from renamed
"""
CONFIG = """
[account]
id = "toys"
timezone = "Europe/Rome"

[[source]]
name = "desk"
kind = "toydesk"
url = "URL"
"""
TICKETS = [
    {"id": n, "opened_at": f"2026-03-0{day}T{hour}:00:00Z", "changed_at": f"2026-03-1{n}T08:00:00Z",
     "done_at": done, "who": f"{who}@mail.example", "about": about}
    for n, (day, hour, done, who, about) in enumerate([
        (2, "09", "2026-03-02T12:00:00Z", "ann", "wismo"),
        (3, "09", "2026-03-03T10:00:00Z", "bea", "wismo"),
        # Half past midnight in Rome: of the next week.
        (8, "23", None, "cid", "returns"),
    ], start=1)
]  # fmt: skip


async def tickets(request: Request) -> Response:
    """A page of one ticket; `after` is the id that it comes behind."""
    if request.headers.get("authorization") != "Bearer word":
        return Response(status_code=401)
    after, since = int(request.query_params.get("after", 0)), request.query_params["since"]
    rows = [row for row in TICKETS if row["id"] > after and row["changed_at"] >= since]
    following = rows[0]["id"] if len(rows) > 1 else None
    return JSONResponse({"tickets": rows[:1], "next": following})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with the helpdesk in it."""
    copy = tmp_path / "project"
    left_out = shutil.ignore_patterns("target", "logs", "__pycache__", "*.duckdb")
    for package in ("bookbag_orchestration", "ingestion", "expectations", "reports", "dbt_project"):
        shutil.copytree(PROJECT / package, copy / package, ignore=left_out)
    shutil.copyfile(PROJECT / "pyproject.toml", copy / "pyproject.toml")
    (copy / "ingestion/toydesk.py").write_text(MODULE)
    registry = copy / "ingestion/__init__.py"
    text = registry.read_text()
    text = text.replace("from ingestion import ", "from ingestion import toydesk, ", 1)
    line = '        "toydesk": toydesk.VENDOR,\n'
    text = text.replace('        "zendesk"', f'{line}        "zendesk"')
    registry.write_text(text)
    folder = copy / "dbt_project/models/staging/toydesk"
    folder.mkdir()
    unknown = ",\n        ".join(
        f"cast(null as {kind}) as {name}"
        for kind, names in UNKNOWN.items()
        for name in names.split()
    )
    (folder / "_sources.yml").write_text(SOURCES_YML)
    (folder / "stg_toydesk__tickets.sql").write_text(STAGING.replace("UNKNOWN_COLUMNS", unknown))
    kinds = copy / "dbt_project/macros/kinds.sql"
    line = "        'toydesk': ['tickets'],\n        'shopify'"
    kinds.write_text(kinds.read_text().replace("        'shopify'", line))
    return copy


def run(project: Path, home: Path, *options: str) -> str:
    """`bookbag run` of the copy, in a process that sees no other."""
    environment = {**os.environ, "PYTHONPATH": str(project), "SOURCES__DESK__TOKEN": "word"}
    done = subprocess.run(
        [sys.executable, "-m", "bookbag_orchestration", "run", "--config",
         project / "bookbag.toml", "--home", home, *options],
        cwd=project, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_helpdesk_of_ones_own(project: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(Starlette(routes=[Route("/tickets", tickets)])) as url:
        (project / "bookbag.toml").write_text(CONFIG.replace("URL", url))
        assert "desk: 3 new rows" in run(project, home)
        assert published(
            home,
            "select category, cast(period_start as date)::text, value from marts.kpi_values"
            " where kpi = 'tickets_created' and stat = 'count' and grain = 'week' and value > 0"
            " and handling = 'all' and channel = 'all' and team = 'all'"
            " and customer_segment = 'all' order by 1, 2",
        ) == [
            ("all", "2026-03-02", 2.0),
            ("all", "2026-03-09", 1.0),
            ("returns", "2026-03-09", 1.0),
            ("wismo", "2026-03-02", 2.0),
        ]
        # What it cannot say has its reason, and no value.
        told = published(
            home,
            "select kpi, available, unavailable_reason from marts.kpi_catalog"
            " where kpi in ('csat', 'first_resolution_time') order by 1",
        )
        assert [row[:2] for row in told] == [("csat", False), ("first_resolution_time", True)]
        assert told[0][2]
        assert "desk: 0 new rows" in run(project, home, "--only", "ingest")
    assert landed(home, "select count(*) from raw_desk.tickets") == [(3,)]
