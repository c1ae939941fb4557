"""What happens in the sample shop is found in its tickets: when, and with the right reason.

Its dates are held fast; its series are counted from its tickets
in plain SQL, and judged as those of the marts are.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from expectations.anomalies.detection import detect
from expectations.anomalies.incidents import update_incidents
from ingestion.sample.shop import build_story
from ingestion.sample.story import SampleSpec, Story, Window, tell
from tests.anomaly_support import Marts

STARTS_ON, ENDS_ON = date(2025, 9, 1), date(2026, 11, 25)
# The shop of `make run`, with some 11 tickets a day, and one of four times as many.
SMALL, MEDIUM = 1, 4
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

# Tickets, and of those that the AI had in hand the ones that it knew no answer to.
SERIES = """
create or replace table tickets as
select
    cast(timezone('America/New_York', created_at) as date) as day, channel, coalesce(category,
    'none') as category, ai.ticket_id is not null as has_ai, ai.is_gap
from shop_tickets as tickets
left join (
    select ticket_id, bool_or(event_type = 'handoff' and reason = 'no_answer') as is_gap
    from shop_events where event_type in ('handoff', 'ai_outcome') group by ticket_id
) as ai using (ticket_id)
where not is_test and not is_spam and not is_deleted;
insert into marts.kpi_values
select
    'tickets_created', 'count', 'day', 'all', coalesce(channel, 'all'), coalesce(category, 'all'),
    'all', 'all', day, count(*), null, null, count(*), 'event', false, true
from tickets group by grouping sets ((day), (day, channel), (day, category));
insert into marts.kpi_values
select
    'knowledge_gap_rate', 'ratio', 'day', 'all', coalesce(channel, 'all'), 'all', 'all', 'all',
    day, avg(cast(is_gap as integer)), sum(cast(is_gap as integer)), count(*), count(*), 'event',
    false, true
from tickets where has_ai group by grouping sets ((day), (day, channel))"""


def story_of(times: int) -> Story:
    spec = SampleSpec(starts_on=STARTS_ON)
    return tell(replace(spec, orders=spec.orders * times, tickets=spec.tickets * times), NOW)


def shop(
    story: Story, copied: tuple[Window, date] | None = None, *, has_calendar: bool = True
) -> Marts:
    """The shop as it is judged on its last day; with `copied` the tickets of a window have come on
    other days too.
    """
    tables, marts = build_story(story), Marts()
    connection = marts.connection
    connection.execute(
        "insert into marts.kpi_catalog values ('knowledge_gap_rate', 'diagnostic', 'down', 'ratio',"
        " 'ratio', 5, 'AI owner', 'Write an article.', 'Knowledge gaps', 'ratio', 'quality',"
        " null, null, null)"
    )
    connection.register("shop_tickets", tables["tickets"])
    connection.register("shop_events", tables["ticket_events"])
    connection.register("calendar", tables["calendar_context"])
    if has_calendar:
        connection.execute(
            "insert into core.dim_calendar_context select name, kind, starts_on, ends_on, channel,"
            " category, kpi, expected_direction from calendar"
        )
    before, _, after = SERIES.partition(";")
    connection.execute(before)
    if copied:
        window, first = copied
        connection.execute("delete from tickets where day between ? and ?", [
            first, first + (window.last - window.first),
        ])  # fmt: skip
        connection.execute(
            "insert into tickets select day + cast(? as integer), * exclude (day) from tickets"
            " where day between ? and ?",
            [(first - window.first).days, window.first, window.last],
        )
    connection.execute(after)
    midnight = duckdb.execute(
        "select timezone('America/New_York', timestamp '2026-11-26')"
    ).fetchone()
    assert midnight
    connection.execute(
        "insert into marts.account values ('America/New_York', 'USD', ?, null)", [midnight[0]]
    )
    update_incidents(connection, NOW)
    detect(connection, NOW, country="US")
    return marts


@pytest.fixture(scope="module")
def story() -> Story:
    return story_of(MEDIUM)


@pytest.fixture(scope="module", params=[SMALL, MEDIUM])
def any_marts(request: pytest.FixtureRequest) -> Marts:
    return shop(story_of(request.param))


@pytest.fixture(scope="module")
def marts(story: Story) -> Marts:
    return shop(story)


def found(marts: Marts, window: Window, where: str = "true") -> list[tuple[Any, ...]]:
    """Incidents that began then: channel, whether excused, by what, why."""
    return marts.connection.execute(
        "select channel, is_suppressed, context, drill_down from marts.alerts"
        f" where cast(first_bucket as date) between ? and ? and {where}"
        " order by first_bucket, kpi, channel, category",
        [window.first, window.last],
    ).fetchall()


def test_the_carrier_is_found_in_the_whole_and_named_by_its_category(
    story: Story, any_marts: Marts
) -> None:
    whole = "kpi = 'tickets_created' and channel = 'all' and category = 'all'"
    ((_, is_suppressed, _, drill_down),) = found(any_marts, story.carrier[0], whole)
    assert not is_suppressed
    (first, *_) = json.loads(drill_down)
    assert (first["dimension"], first["segment"]) == ("category", "wismo")
    assert first["share"] > 0.7


def test_the_chat_that_is_gone_is_a_dead_feed_of_its_channel(
    story: Story, any_marts: Marts
) -> None:
    dead = found(any_marts, story.silence[0], "rule = 'dead_feed'")
    assert dead == [("chat", False, None, None)]


def test_the_bad_release_of_the_ai_is_found_while_it_is_out(story: Story, marts: Marts) -> None:
    gaps = found(marts, story.regression[0], "kpi = 'knowledge_gap_rate' and channel = 'all'")
    ((_, is_suppressed, _, drill_down),) = gaps
    assert not is_suppressed
    assert {part["segment"] for part in json.loads(drill_down)} == {"chat", "email"}


def sale(story: Story) -> Window:
    """The first BFCM, and the deliveries that the shop has put into its calendar after it."""
    (first,) = [each for each in story.bfcm if each.first >= STARTS_ON and each.last < ENDS_ON]
    return Window(first.first, first.last + timedelta(days=11))


def test_bfcm_makes_no_alert_and_is_shown_as_expected(story: Story, marts: Marts) -> None:
    during = found(marts, sale(story))
    assert {(is_suppressed, context) for _, is_suppressed, context, _ in during} == {
        (True, "expected: BFCM"), (True, "expected: BFCM deliveries"),
    }  # fmt: skip


def test_bfcm_makes_no_alert_where_no_calendar_has_it(story: Story) -> None:
    during = found(shop(story, has_calendar=False), sale(story), "context = 'expected: BFCM'")
    assert any(is_suppressed for _, is_suppressed, *_ in during)


def test_the_same_in_february_is_an_alert(story: Story) -> None:
    window, first = sale(story), date(2026, 2, 5)
    february = Window(first, first + (window.last - window.first))
    tickets = found(shop(story, (window, first)), february, "kpi = 'tickets_created'")
    assert any(not is_suppressed for _, is_suppressed, *_ in tickets)
