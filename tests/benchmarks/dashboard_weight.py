"""The dashboard at three years of a large shop: what its pages weigh, and how soon they answer.

    python -m tests.benchmarks.dashboard_weight COPY FOLDER [TICKETS_A_DAY]

COPY is a published copy, which is read only; FOLDER takes the larger one and its pages. Three years
of days, weeks and months are made of what the copy has last, each slice in every period, every
figure a little different, and as many tickets a day as asked (500). Chromium opens each page from
the disk: first paint, and the time from a choice to the next frame, the median of five.
"""

import shutil
import statistics
import sys
import time
from pathlib import Path

import duckdb
from playwright.sync_api import Browser, sync_playwright

from reports.evidence.site import build_site
from tests.browser_support import program

_VALUES = """
create table wide as
with slices as (
    select kpi, stat, grain, handling, channel, category, team, customer_segment,
        avg(value) as value, avg(numerator) as numerator, avg(denominator) as denominator,
        greatest(avg(n), 1) as n, any_value(attribution) as attribution,
        any_value(definition_version) as definition_version
    from marts.kpi_values
    where grain in ('day', 'week', 'month') and not is_partial and value is not null
    group by all
),
periods as (
    select grain, last - to_days(back * case grain when 'day' then 1 else 7 end) as period_start
    from (
        select grain, max(period_start) as last from marts.kpi_values
        where grain in ('day', 'week') and not is_partial group by grain
    ), range(1096) as backs (back)
    where grain = 'day' or back < 157
    union all
    select 'month', date_trunc('month', last) - to_months(cast(back as integer))
    from (select max(period_start) as last from marts.kpi_values where grain = 'month'
        and not is_partial), range(36) as backs (back)
),
noise as (
    select slices.*, periods.period_start,
        0.7 + 0.6 * (hash(kpi, stat, handling, channel, category, team, period_start) % 997) / 997
            as jitter
    from slices inner join periods on slices.grain = periods.grain
)
select kpi, stat, grain, period_start,
    period_start + case grain when 'day' then interval 1 day when 'week' then interval 7 days
        else interval 1 month end as period_end,
    handling, channel, category, team, customer_segment, value * jitter as value,
    round(numerator * jitter * 50) as numerator, round(denominator * 50) as denominator,
    cast(coalesce(round(denominator * 50), n * 50) as bigint) as n, attribution,
    false as is_partial, true as is_mature, false as is_low_sample,
    (select data_as_of from marts.account) as data_as_of, definition_version
from noise"""
_TICKETS = """
create table many as
select tickets.* replace (
    tickets.ticket_key || '-' || day.day || '-' || copy.nr as ticket_key,
    cast(10000000 + day.day * {a_day} + copy.nr as varchar) as ticket_id,
    account.data_as_of - to_days(day.day)
        - to_seconds(hash(tickets.ticket_key, copy.nr) % 86400) as first_customer_message_at,
    cast(full_resolution_s * (0.5 + (hash(copy.nr, day.day) % 997) / 997) as bigint)
        as full_resolution_s
)
from range(1096) as day (day), range({a_day}) as copy (nr), marts.account as account,
    (select *, row_number() over (order by ticket_key) - 1 as place, count(*) over () as all_of
     from core.fct_tickets where is_countable) as tickets
where tickets.place = (day.day * {a_day} + copy.nr) % tickets.all_of"""


def enlarge(copy: Path, to: Path, a_day: int) -> None:
    """A copy of the copy with three years in it."""
    shutil.copy(copy, to)
    with duckdb.connect(str(to)) as large:
        large.execute("set timezone = 'UTC'")
        large.execute(_VALUES)
        large.execute("create or replace table marts.kpi_values as from wide; drop table wide")
        large.execute(_TICKETS.format(a_day=a_day))
        large.execute(
            "create or replace table core.fct_tickets as"
            " select * exclude (place, all_of) from many; drop table many"
        )
        large.execute(
            "create or replace table core.fct_episodes as"
            " select episodes.* replace (tickets.ticket_key as ticket_key) from core.fct_episodes"
            " as episodes inner join core.fct_tickets as tickets"
            " on split_part(tickets.ticket_key, '-', 1) = episodes.ticket_key"
            " where episodes.episode_seq = 1"
        )


def answers_ms(browser: Browser, path: Path) -> tuple[float, dict[str, float]]:
    """First paint, and by choice the time from it to the next frame."""
    page = browser.new_context(offline=True).new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    ready = page.evaluate("performance.now()")
    found = {"(ready)": float(ready)}
    if page.query_selector("#in-period-start"):
        # As far back as the page reaches, and so it stays for all that is chosen after it.
        found["all days"] = page.evaluate(
            """async () => {
                const input = document.getElementById("in-period-start"), begin = performance.now();
                input.value = "2000-01-01";
                input.dispatchEvent(new Event("change"));
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                return performance.now() - begin;
            }"""
        )
    for select in page.query_selector_all("main select"):
        name = str(select.get_attribute("id")).removeprefix("in-")
        times = page.evaluate(
            """async (id) => {
                const select = document.getElementById(id), times = [];
                const frame = () => new Promise(
                    (done) => requestAnimationFrame(() => setTimeout(done)));
                for (let turn = 0; turn < 6; turn += 1) {
                    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
                    const begin = performance.now();
                    select.dispatchEvent(new Event("change"));
                    await frame();
                    times.push(performance.now() - begin);
                }
                select.selectedIndex = 0;
                select.dispatchEvent(new Event("change"));
                return times.slice(1);
            }""",
            f"in-{name}",
        )
        found[name] = statistics.median(times)
    page.context.close()
    return float(painted), found


def main(copy: Path, folder: Path, a_day: int = 500) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    large = folder / "bookbag.duckdb"
    enlarge(copy, large, a_day)
    begun = time.monotonic()
    build_site(large, folder / "site")
    print(f"built in {time.monotonic() - begun:.1f} s")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        for path in sorted((folder / "site").glob("*.html")):
            painted, found = answers_ms(browser, path)
            said = ", ".join(f"{name} {took:.0f}" for name, took in found.items())
            print(f"{path.name:20} {path.stat().st_size:>9,} bytes, paint {painted:.0f} ms; {said}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
