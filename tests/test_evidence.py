"""Evidence pages: what they may hold, what their queries give, and what is wrong with one."""

import base64
import gzip
import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reports.evidence.data import gather, inputs_of
from reports.evidence.markup import Component, Condition, Each, PageError, Ref, Text, parse
from reports.evidence.render import Frame, render
from reports.evidence.site import PAGES, build_site

HOSTILE = "<img src=x onerror=alert(1)></script>'; drop table sales; --"
SALES = """
create schema marts;
create table marts.sales as select * from (values
    ('chat', date '2026-11-01', 3, 0.5), ('chat', date '2026-11-02', 4, null),
    ('email', date '2026-11-01', 7, 0.25), ('{hostile}', date '2026-11-02', 1, 0.1)
) as sales (channel, day, tickets, share)"""


@pytest.fixture
def marts() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(SALES.format(hostile=HOSTILE.replace("'", "''")))
    return connection


def made(text: str, connection: duckdb.DuckDBPyConnection) -> tuple[str, dict[str, Any]]:
    """The HTML of a page and what its script reads."""
    page = parse(text, Path("page.md"))
    data = gather(page, connection, list(inputs_of(page.nodes)))
    html = render(page, data, Frame([("Page", "page.html")], "acme", "today", "EUR"))
    packed = re.search(r'id="page">([^<]*)<', html)
    assert packed
    return html, json.loads(gzip.decompress(base64.b64decode(packed[1])))


def fence(name: str, sql: str) -> str:
    return f"```sql {name}\n{sql}\n```\n"


def rows(payload: dict[str, Any], query: str, *chosen: str) -> list[tuple[Any, ...]]:
    by = payload["queries"][query]["by"]["\x1f".join(chosen)]
    return list(zip(*(column(payload["columns"][place]) for place in by.values()), strict=True))


def column(held: Any) -> list[Any]:
    """A column, whose texts may stand once with their places beside them."""
    if isinstance(held, dict):
        return [held["words"][code] for code in held["codes"]]
    return list(held)


def test_a_page_is_text_queries_and_components_within_each_other() -> None:
    page = parse(
        "---\ntitle: Hello\n---\n# One\n\n" + fence("q", "select 1 as a") +
        'Text <Value data={q} column=a/> more.\n\n<Tabs>\n<Tab label="x > y">\n*inner*\n</Tab>\n'
        "</Tabs>\n{#if q.length > 0}\nyes\n{:else}\nno\n{/if}\n{#each q as row}\n{row.a}\n{/each}\n"
        '<LineChart data={q} x=a y={["a", \'b\']} yMin=0 markers=true/>\n',
        Path("hello.md"),
    )  # fmt: skip
    assert (page.title, list(page.queries)) == ("Hello", ["q"])
    kinds = [type(node) for node in page.nodes if not isinstance(node, Text)]
    assert kinds == [Component, Component, Condition, Each, Component]
    (value, tabs, condition, each, chart) = (
        node for node in page.nodes if not isinstance(node, Text)
    )
    assert isinstance(value, Component) and value.attributes == {"data": Ref("q"), "column": "a"}
    assert isinstance(tabs, Component) and isinstance(tabs.children[0], Component)
    assert tabs.children[0].attributes == {"label": "x > y"}
    assert isinstance(condition, Condition) and (condition.query, condition.is_empty) == (
        "q",
        False,
    )
    assert isinstance(each, Each) and (each.query, each.row) == ("q", "row")
    assert isinstance(chart, Component)
    assert chart.attributes == {
        "data": Ref("q"), "x": "a", "y": ["a", "b"], "yMin": "0", "markers": True,
    }  # fmt: skip
    assert chart.line == 24


CHART = "<LineChart data={q} x=day y=tickets/>"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("<LinChart data={q}/>", 4, "no component <LinChart>. Did you mean 'LineChart'?"),
        ("<LineChart data={q} x=day/>", 4, "<LineChart> needs y"),
        ("<LineChart data={q} x=day y=tickts/>", 4, "no column 'tickts'. Did you mean 'tickets'?"),
        ("<LineChart data={p} x=day y=tickets/>", 4, "there is no query 'p'"),
        ("\n<LineChart data={q} x=day y=tickets colour=red/>", 5, "<LineChart> has no 'colour'"),
        ("<LineChart data={q} x=day y=tickets yFmt=pc/>", 4, "the format 'pc'"),
        ("<Tabs>\ntext\n</Tabs>", 4, "<Tabs> holds <Tab>, not text"),
        ("<LineChart data={q} x=day y=tickets link=adress/>", 4, "no column 'adress'"),
        ("<LineChart data={q} x=day y=tickets bandLow=low/>", 4, "no column 'low'"),
        ("<BarChart data={q} x=day y=tickets agg=mode/>", 4, "<BarChart> agg is one of sum, avg"),
        ('<DataTable data={q} sort="dya desc"/>', 4, "no column 'dya'"),
        ("<Grid>\n<Value data={q} column=day/>", 4, "'Grid' is not closed"),
        ("</Grid>", 4, "</Grid> closes nothing"),
        ("{#if q.length}\n{/if}", 4, "a condition is"),
        ("{#if q.length > 0}\n", 4, "'if' is not closed"),
        ('<Alert status="loud">x</Alert>', 4, None),
        ("<Dropdown name=a data={q} value=chanel/>", 4, "no column 'chanel'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    text: str, line: int, said: str | None, marts: duckdb.DuckDBPyConnection
) -> None:
    page = fence("q", "select * from marts.sales") + text
    if said is None:
        made(page, marts)
        return
    with pytest.raises(PageError) as raised:
        made(page, marts)
    assert f"page.md:{line}: " in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nothing from marts.sales", "query 'q' fails"),
        ("select * from ${p}", "there is no query 'p'"),
        ("select * from ${q}", "refers to itself"),
        ("select * from marts.sales where channel = '${inputs.x.value}'", "there is no input 'x'"),
        ("create or replace view marts.sales as select 1 as x; select 1 as x", "one SELECT"),
        ("attach ':memory:' as other", "one SELECT"),
    ],
)
def test_a_query_that_cannot_be_run_is_named(
    sql: str, said: str, marts: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(PageError, match=re.escape(said)):
        made(fence("q", sql) + CHART, marts)


def test_a_query_is_answered_for_each_choice_and_hostile_ones_are_values(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    html, payload = made(
        fence("channels", "select distinct channel from marts.sales order by 1")
        + fence("base", "select * from marts.sales where channel = '${inputs.channel.value}'")
        + fence("q", "select day, tickets from ${base} order by day")
        + "<Dropdown name=channel data={channels} value=channel defaultValue=email/>\n\n"
        + CHART,
        marts,
    )
    assert rows(payload, "q", "chat") == [("2026-11-01", 3), ("2026-11-02", 4)]
    assert rows(payload, "q", "email") == [("2026-11-01", 7)]
    assert rows(payload, "q", HOSTILE) == [("2026-11-02", 1)]
    assert payload["choices"][0]["default"] == "email"
    assert "base" not in payload["queries"], "what nothing is shown of is not in the page"
    assert HOSTILE not in html


def test_dates_cut_rows_by_a_column_that_the_query_gives(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    between = "day between '${inputs.days.start}' and '${inputs.days.end}'"
    dates = "<DateRange name=days data={all} dates=day/>\n\n" + CHART
    every = fence("all", "select distinct day from marts.sales")
    page = every + fence("q", f"select day, tickets from marts.sales where {between}") + dates
    _, payload = made(page, marts)
    assert payload["queries"]["q"]["range"] == ["days", "day"]
    assert len(rows(payload, "q", "")) == 4
    assert (payload["ranges"][0]["first"], payload["ranges"][0]["last"]) == (
        "2026-11-01", "2026-11-02",
    )  # fmt: skip
    lacking = every + fence("q", f"select tickets from marts.sales where {between}") + dates
    with pytest.raises(PageError, match="has to give 'day'"):
        made(lacking, marts)


def test_rows_are_cut_by_what_is_compared_with_like(marts: duckdb.DuckDBPyConnection) -> None:
    any_of = '<DropdownOption value="%"/>\n<DropdownOption value="chat"/>'
    choose = f"<Dropdown name=channel>\n{any_of}\n</Dropdown>\n\n"
    like = "(sales.channel like '${inputs.channel.value}' or other like '${inputs.channel.value}')"
    page = fence("base", f"select *, 'x' as other from marts.sales where {like}") + fence(
        "q", "select day, tickets, channel, other from ${base} as base where day > '2026-11-01'"
    )
    _, payload = made(page + choose + CHART, marts)
    assert payload["queries"]["q"]["cuts"] == [["channel", ["channel", "other"]]]
    assert payload["queries"]["q"]["choices"] == []
    assert [row[1] for row in rows(payload, "q", "")] == [4, 1], "the page cuts, the query does not"
    with pytest.raises(PageError, match="has to give 'channel', a column that it is cut by"):
        made(fence("q", f"select day, tickets, 'x' as other from marts.sales where {like}")
             + choose + CHART, marts)  # fmt: skip
    mixed = like.replace("inputs.channel", "inputs.second", 1)
    with pytest.raises(PageError, match="compares different inputs"):
        made(fence("q", f"select * from marts.sales where {mixed}") + choose + CHART, marts)


def test_unknown_stays_unknown(marts: duckdb.DuckDBPyConnection) -> None:
    page = fence("q", "select day, share, 'nan'::double as other from marts.sales")
    _, payload = made(page + "<DataTable data={q}/>", marts)
    assert [row[1] for row in rows(payload, "q", "")] == [0.5, None, 0.25, 0.1]
    assert {row[2] for row in rows(payload, "q", "")} == {None}


def test_text_of_data_in_a_page_is_text(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("update marts.sales set channel = '*x* [y](http://z) <b> `c`' where tickets = 1")
    page = fence("q", "select channel from marts.sales where tickets = 1")
    html, _ = made(page + "{#each q as row}\n- **{row.channel}**\n{/each}\n<b>raw</b>\n", marts)
    assert "<strong>*x* [y](http://z) &lt;b&gt; `c`</strong>" in html
    assert "&lt;b&gt;raw&lt;/b&gt;" in html


def test_a_page_asks_nobody_for_anything(marts: duckdb.DuckDBPyConnection) -> None:
    html, _ = made(fence("q", "select day, tickets from marts.sales") + CHART, marts)
    assert "default-src 'none'" in unescape(html)
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.S)
    assert not re.search(r'(?:src|href)="(?!data:|#|[\w-]+\.html)', markup)


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Two pages of bookbag's."""
    folder = tmp_path / "ours"
    folder.mkdir()
    for name in ("index", "definitions"):
        shutil.copy(PAGES / f"{name}.md", folder)
    return folder


def test_only_changed_pages_are_written_and_own_ones_take_the_place_of_ours(
    golden: Path, tmp_path: Path, ours: Path
) -> None:
    copy, own = golden / "published" / "bookbag.duckdb", tmp_path / "own"
    own.mkdir()
    site = build_site(copy, tmp_path / "site", None, ours)
    assert (site.pages, site.written) == (2, 2)
    assert build_site(copy, tmp_path / "site", None, ours).written == 0
    (own / "definitions.md").write_text("---\ntitle: Ours\nsidebar_position: 11\n---\nHello\n")
    (own / "extra.md").write_text("Extra\n")
    assert build_site(copy, tmp_path / "site", own, ours).pages == 3
    assert "<h1>Ours</h1>" in (tmp_path / "site" / "definitions.html").read_text()
    before = (tmp_path / "site" / "index.html").read_text()
    (own / "extra.md").write_text(fence("q", "select x from y") + "<DataTable data={q}/>\n")
    with pytest.raises(PageError, match=r"extra\.md:1: query 'q' fails"):
        build_site(copy, tmp_path / "site", own, ours)
    assert (tmp_path / "site" / "index.html").read_text() == before
    build_site(copy, tmp_path / "site", None, ours)
    assert not (tmp_path / "site" / "extra.html").exists()


def test_pages_read_the_copy_and_nothing_else(golden: Path, tmp_path: Path, ours: Path) -> None:
    (tmp_path / "own").mkdir()
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    page = fence("q", f"select * from read_csv('{secret}')") + "<DataTable data={q}/>\n"
    (tmp_path / "own" / "spy.md").write_text(page)
    with pytest.raises(PageError, match="query 'q' fails"):
        copy = golden / "published" / "bookbag.duckdb"
        build_site(copy, tmp_path / "site", tmp_path / "own", ours)
