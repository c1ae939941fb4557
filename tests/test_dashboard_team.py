"""What a team gets: the same pages, and nowhere in their files money or the name of an agent."""

import base64
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reports.evidence.site import PAGES, PageError, build_site

OWN = """---
title: Ours
audience: team
---
```sql agents
select agent_id, name, team from core.dim_agents
```
```sql costs
select ai_cost, human_cost, ai_saving from core.fct_episodes
```
```sql case_of_it
select * from marts.business_case
```
```sql figures
select kpi, stat, value from marts.kpi_values
where kpi in ('cost_per_ticket', 'revenue_saved', 'csat')
```
```sql orders
select order_id, gross, net_now, currency from core.fct_orders
```
<DataTable data={agents}/>
<DataTable data={costs}/>
<DataTable data={case_of_it}/>
<DataTable data={figures}/>
<DataTable data={orders}/>
"""
SECRET = "Quentin Featherstonehaugh"


@pytest.fixture
def copy(golden: Path, tmp_path: Path) -> Path:
    """A copy in which every agent has a name that is nothing else."""
    copy = Path(shutil.copy(golden / "published" / "bookbag.duckdb", tmp_path / "bookbag.duckdb"))
    with duckdb.connect(str(copy)) as marts:
        marts.execute("update core.dim_agents set name = ? || rowid", [SECRET])
        marts.execute("update marts.agent_performance set name = ?", [SECRET])
        marts.execute(
            "update marts.live_queue set assignee ="
            " (select agent_key from core.dim_agents order by agent_key limit 1)"
        )
    return copy


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file of a folder by its name, and what is packed in it unpacked, but for ECharts."""
    for path in sorted(folder.iterdir()):
        text = path.read_text()
        packed = re.search(r'id="page">([^<]*)<', text)
        yield (
            path.name,
            text + (gzip.decompress(base64.b64decode(packed[1])).decode() if packed else ""),
        )


def built(copy: Path, folder: Path, own: Path | None, is_team: bool) -> dict[str, str]:
    build_site(copy, folder, own, is_team=is_team)
    return dict(texts(folder))


def test_the_team_has_its_pages_and_those_that_say_so(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ours.md").write_text(OWN)
    (tmp_path / "own" / "boss.md").write_text("---\ntitle: Boss\n---\nHello\n")
    files = built(copy, tmp_path / "team", tmp_path / "own", is_team=True)
    ours = {path.stem for path in PAGES.glob("*.md")} - {"agents", "business", "customers"}
    assert set(files) == {f"{name}.html" for name in (*ours, "ours")} | {"pages.json"}
    for name, text in files.items():
        assert not re.search(r'href="(agents|business|customers|boss)\.html"', text), name


def test_no_agent_and_no_money_is_in_any_file_of_the_team(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "ours.md").write_text(OWN)
    whole = built(copy, tmp_path / "site", tmp_path / "own", is_team=False)
    team = built(copy, tmp_path / "team", tmp_path / "own", is_team=True)
    # What is looked for is there for everybody else.
    assert any(SECRET in text for text in whole.values())
    assert any(money(text) for text in whole.values())
    with duckdb.connect(str(copy), read_only=True) as marts:
        kpis = marts.execute(
            "select kpi, label, code from marts.kpi_catalog"
            " where quadrant = 'revenue' or unit like '%cur%'"
        ).fetchall()
    assert len(kpis) > 5
    for name, text in team.items():
        assert SECRET not in text and "Featherstone" not in text, name
        assert money(text) == [], name
        for kpi, label, code in kpis:
            assert f'"{kpi}"' not in text and f'"{label}"' not in text, (name, kpi)
            assert f'"{code}"' not in text, (name, code)
    assert rows(team["ours.html"], "figures") and not rows(team["ours.html"], "case_of_it")
    assert {row["kpi"] for row in rows(team["ours.html"], "figures")} == {"csat"}
    assert {row["name"] for row in rows(team["ours.html"], "agents")} == {None}
    assert {tuple(row.values()) for row in rows(team["ours.html"], "costs")} == {(None,) * 3}
    assert rows(team["ours.html"], "orders") == []


def money(text: str) -> list[str]:
    """Figures with a sign or a code of a currency, of what stands there to be read."""
    plain = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    return re.findall(r"[$€£]\s?\d[\d.,]*|\d\s?(?:USD|EUR|GBP)|\"(?:USD|EUR|GBP|\$|€|£)\"", plain)


def rows(text: str, query: str) -> list[dict[str, Any]]:
    data = json.loads(text[text.index("</html>") + len("</html>") :])
    by = data["queries"][query]["by"][""]
    columns = {}
    for name, place in by.items():
        held = data["columns"][place]
        coded = isinstance(held, dict)
        columns[name] = [held["words"][at] for at in held["codes"]] if coded else held
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def test_the_team_sees_the_calendar_and_cannot_ask_behind_its_tables(
    copy: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    query = "select name, agent_id from published.core.dim_agents"
    fence = f"```sql q\n{query}\n```\n\n<DataTable data={{q}}/>\n"
    (own / "leak.md").write_text(f"---\ntitle: Leak\naudience: team\n---\n{fence}")
    with pytest.raises(PageError, match="query 'q' fails"):
        build_site(copy, tmp_path / "team", own, is_team=True)
    assert not (tmp_path / "team" / "leak.html").exists()
    with duckdb.connect(str(copy)) as marts:
        marts.execute(
            "insert into core.dim_calendar_context by name select 'Spring sale' as name,"
            " 'promo' as kind, date '2026-11-01' as starts_on, date '2026-11-05' as ends_on"
        )
    team = built(copy, tmp_path / "again", None, is_team=True)
    assert "Spring sale" in team["alerts.html"] and "Spring sale" in team["trends.html"]


def test_a_page_that_the_team_is_not_to_have_any_more_goes_whatever_else_fails(
    copy: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("gone", "broken"):
        (own / f"{name}.md").write_text(f"---\ntitle: {name}\naudience: team\n---\nHello\n")
    build_site(copy, tmp_path / "team", own, is_team=True)
    (own / "gone.md").write_text("---\ntitle: gone\n---\nHello\n")
    (own / "broken.md").write_text("---\ntitle: broken\naudience: team\n---\n<Nothing/>\n")
    with pytest.raises(PageError):
        build_site(copy, tmp_path / "team", own, is_team=True)
    assert not (tmp_path / "team" / "gone.html").exists()
    assert (tmp_path / "team" / "broken.html").exists(), "it stays as it was"
