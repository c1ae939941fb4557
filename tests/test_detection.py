"""Anomalies of the marts as incidents: found once, explained, kept up to date, and over."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.stats import norm

from expectations.anomalies.deviations import discoveries
from expectations.anomalies.incidents import update_incidents
from expectations.anomalies.laws import LAWS
from tests.anomaly_support import DAYS, Marts, drawn, of_categories, on
from tests.docs_support import kpi_blocks


@pytest.fixture
def marts() -> Marts:
    return Marts()


def test_an_anomaly_is_one_incident_with_owner_reason_and_bounds(marts: Marts) -> None:
    """90 more parcels: of the whole, and of its categories only the one that explains it."""
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    ((kpi, category, rule, state, owner, first, value, expected, lower, upper, why),) = (
        marts.alerts(
            "kpi, category, rule, state, owner, first_bucket, value, expected, lower, upper,"
            " drill_down"
        )
    )
    assert (kpi, category, rule, state) == ("tickets_created", "all", "anomaly", "open")
    assert (owner, first) == ("tickets_created owner", on(100))
    assert lower < expected < upper < value
    assert expected == pytest.approx(100, rel=0.15)
    (part,) = json.loads(why)
    assert (part["dimension"], part["segment"]) == ("category", "parcel")
    assert part["share"] == pytest.approx(1.0, abs=0.25)


def test_to_run_again_says_nothing_new(marts: Marts) -> None:
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    before = marts.alerts("*")
    marts.judge(100)
    assert marts.alerts("*") == before


def test_an_incident_is_over_when_all_is_as_before(marts: Marts) -> None:
    of_categories(marts, {"parcel": (100, 90)})
    for day in range(100, 104):
        marts.judge(day)
    ((state, first, newest, recovered, detected),) = marts.alerts(
        "state, first_bucket, bucket, recovered_at, detected_at"
    )
    assert (state, first, newest) == ("recovered", on(100), on(100))
    assert on(101) < recovered.replace(tzinfo=None) <= on(104)
    assert detected.replace(tzinfo=None) == on(101)


def test_night_by_night_finds_what_one_look_back_finds(marts: Marts) -> None:
    other = Marts()
    for each in (marts, other):
        of_categories(each, {"parcel": (95, 90), "returns": (110, 80)})
    for day in range(88, 118):
        marts.judge(day)
    other.judge(117)
    columns = "alert_id, first_bucket, bucket, state"
    assert marts.alerts(columns) == other.alerts(columns)
    assert len(marts.alerts("kpi")) == 2


def test_a_figure_that_is_restated_moves_its_incident_and_opens_no_other(marts: Marts) -> None:
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    marts.connection.execute(
        "update marts.kpi_values set value = value + 10 where period_start = ?"
        " and category in ('all', 'parcel')",
        [on(100)],
    )
    ((alert_id, value),) = marts.alerts("alert_id, value")
    marts.judge(101)
    assert marts.alerts("alert_id, value") == [(alert_id, value + 10)]


def test_an_incident_that_was_none_is_over(marts: Marts) -> None:
    """The tickets turn out to be spam."""
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    marts.connection.execute(
        "update marts.kpi_values set value = value - 90 where period_start = ?"
        " and category in ('all', 'parcel')",
        [on(100)],
    )
    marts.judge(101)
    assert marts.alerts("state") == [("recovered",)]


def test_an_event_excuses_it_and_it_is_kept(marts: Marts) -> None:
    marts.happen("BFCM", "peak", 99, 103)
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(101)
    found = marts.alerts("category, is_suppressed, context")
    assert set(found) == {("all", True, "expected: BFCM"), ("parcel", True, "expected: BFCM")}
    marts.judge(108)
    assert {state for (state,) in marts.alerts("state")} == {"recovered"}


def test_an_event_of_one_category_excuses_no_other(marts: Marts) -> None:
    marts.happen("Down", "outage", 99, 103, category="returns")
    tickets = drawn(30)
    tickets[100] += 60
    marts.add("tickets_created", tickets, slice={"category": "parcel"})
    marts.add("tickets_created", tickets, slice={"category": "returns"})
    marts.judge(100)
    assert marts.alerts("category, is_suppressed") == [("parcel", False), ("returns", True)]


def test_few_answers_say_nothing(marts: Marts) -> None:
    """K13: fewer than the KPI's least number alert nobody, however bad they are."""
    ratings, sizes = np.full(DAYS, 4.4), np.full(DAYS, 1.0)
    ratings += np.random.default_rng(1).normal(0, 0.2, DAYS)
    ratings[100] = 1.2
    marts.add("csat", ratings, sizes)
    marts.judge(100)
    assert marts.alerts("kpi") == []


def test_a_change_for_the_better_is_information(marts: Marts) -> None:
    ratings = 4.2 + np.random.default_rng(1).normal(0, 0.05, DAYS)
    better = ratings.copy()
    ratings[100], better[100] = 3.4, 5.0
    sizes = np.full(DAYS, 200.0)
    marts.add("csat", ratings, sizes, slice={"channel": "chat"})
    marts.add("csat", better, sizes, slice={"channel": "email"})
    marts.judge(100)
    assert [row for row in marts.alerts("channel, severity") if row[0] == "email"] == [
        ("email", "info")
    ]
    ((_, severity),) = [row for row in marts.alerts("channel, severity") if row[0] == "chat"]
    assert severity in ("warn", "high")


def test_a_feed_that_dies_is_critical_and_a_queue_that_is_empty_is_not(marts: Marts) -> None:
    silent, worked_off = drawn(40), drawn(40, 9)
    silent[100] = worked_off[100] = 0
    marts.add("tickets_created", silent)
    marts.add("backlog", worked_off, attribution="as_of")
    marts.judge(100)
    found = dict(marts.alerts("kpi, severity"))
    assert found["tickets_created"] == "critical"
    assert found.get("backlog") in (None, "info")


def test_days_without_a_ticket_are_zero_of_as_many_orders(marts: Marts) -> None:
    """A quiet category has no row on most days; the orders of the day are known by the whole."""
    orders = drawn(100, 5)
    marts.add("tickets_per_order", drawn(20), orders)
    quiet = np.random.default_rng(2).poisson(0.4, DAYS).astype(float)
    quiet[100] = 9
    marts.add("tickets_per_order", quiet, orders, slice={"category": "other"}, skip=quiet == 0)
    marts.judge(100)
    ((category, value, expected),) = marts.alerts("category, value, expected")
    assert category == "other"
    assert value == pytest.approx(9 / orders[100])
    assert expected == pytest.approx(0.004, abs=0.003)


def test_days_that_are_not_over_or_not_decided_are_not_there(marts: Marts) -> None:
    sizes = drawn(200)
    hits = np.round(sizes * 0.5)
    hits[100:] = 0
    marts.add("deflection_rate", hits, sizes)
    marts.connection.execute("update marts.kpi_values set is_mature = period_start < ?", [on(100)])
    marts.judge(103)
    assert marts.alerts("kpi") == []
    marts.connection.execute("update marts.kpi_values set is_mature = true")
    marts.judge(103)
    assert marts.alerts("kpi, first_bucket, state") == [("deflection_rate", on(100), "open")]


def test_days_that_are_not_decided_end_no_incident(marts: Marts) -> None:
    sizes = drawn(200)
    hits = np.round(sizes * 0.5)
    hits[100] = round(sizes[100] * 0.2)
    marts.add("deflection_rate", hits, sizes)
    marts.connection.execute("update marts.kpi_values set is_mature = period_start < ?", [on(101)])
    for day in range(100, 109):
        marts.judge(day)
    assert marts.alerts("first_bucket, state") == [(on(100), "open")]
    marts.connection.execute("update marts.kpi_values set is_mature = true")
    marts.judge(109)
    assert marts.alerts("first_bucket, state") == [(on(100), "recovered")]


def test_a_live_pass_looks_again_when_a_day_has_ended(marts: Marts) -> None:
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(99, again=False)
    marts.connection.execute(
        "update marts.kpi_values set value = 900 where period_start = ?", [on(99)]
    )
    marts.judge(99, again=False)
    assert marts.alerts("kpi") == []
    marts.judge(100, again=False)
    assert marts.alerts("kpi") != []


def test_who_looks_back_begins_anew(marts: Marts) -> None:
    of_categories(marts, {"parcel": (60, 90)})
    marts.judge(110)
    marts.judge(61)
    assert marts.alerts("first_bucket, state") == [(on(60), "open")]


def test_a_threshold_that_is_over_leaves_the_detector_its_incidents(marts: Marts) -> None:
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    update_incidents(marts.connection, datetime(2026, 6, 1, tzinfo=UTC))
    assert marts.alerts("state") == [("open",)]


def test_what_the_catalogue_has_watched_is_a_stat_by_day_and_a_law() -> None:
    for name, block in kpi_blocks().items():
        meta = block["config"]["meta"]
        if watch := meta.get("watch"):
            assert watch["law"] in LAWS, name
            stats = {stat.get("stat") for stat in meta["stats"]}
            stats |= {
                f"{kind}{tail}"
                for stat in meta["stats"] if stat.get("times")
                for kind in ("mean", "median", "p90") for tail in ("", "_biz")
            }  # fmt: skip
            assert watch["stat"] in stats, name


def test_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    """Of five at 5 %: 0.001 and 0.012 are below 1/5 and 2/5 of it, 0.04 is not below 3/5."""
    chances = np.array([0.012, 0.04, 0.001, 0.6, 0.2, 1e-9])
    z = norm.isf(chances / 2)
    is_judged = np.array([True] * 5 + [False])
    assert discoveries(z, is_judged).tolist() == [True, False, True, False, False, False]


@pytest.mark.parametrize("first", [1, 5, 20, 24])
def test_a_new_shop_is_learned_night_by_night(marts: Marts, first: int) -> None:
    of_categories(marts, {"parcel": (10, 300)})
    for day in range(first, 30):
        marts.judge(day)
    assert marts.alerts("kpi") == []


def test_an_event_of_one_category_leaves_the_others_explained_by_the_whole(marts: Marts) -> None:
    marts.happen("Down", "outage", 10, 11, category="returns")
    of_categories(marts, {"parcel": (100, 90)})
    marts.judge(100)
    ((category, why),) = marts.alerts("category, drill_down")
    assert category == "all"
    assert [part["segment"] for part in json.loads(why)] == ["parcel"]


def lasting(marts: Marts, days: range) -> None:
    """90 tickets more on each of the days, of which no category is known."""
    tickets = drawn(100)
    tickets[days.start : days.stop] += 90
    marts.add("tickets_created", tickets)


def test_who_looks_back_a_little_closes_nothing_that_stands(marts: Marts) -> None:
    lasting(marts, range(100, 115))
    for day in (110, 106, 107, 108):
        marts.judge(day)
        assert marts.alerts("first_bucket, state") == [(on(100), "open")], day


def test_what_is_decided_late_is_judged_when_it_is(marts: Marts) -> None:
    """An outcome that is open for ten days."""
    sizes = drawn(200)
    hits = np.round(sizes * 0.5)
    hits[95] = round(sizes[95] * 0.15)
    marts.add("deflection_rate", hits, sizes)
    for day in range(90, 112):
        marts.connection.execute(
            "update marts.kpi_values set is_mature = period_start < ?", [on(day - 9)]
        )
        marts.judge(day)
    assert marts.alerts("first_bucket") == [(on(95),)]


def test_a_launch_ends_no_incident(marts: Marts) -> None:
    lasting(marts, range(90, 115))
    marts.judge(92)
    marts.happen("AI", "launch", 95, 95)
    for day in range(93, 100):
        marts.judge(day)
    told = marts.alerts("kpi, first_bucket, state")
    assert ("tickets_created", on(90), "open") in told
    assert len(told) == 2


def test_a_launch_is_told_as_information_until_its_level_is_known(marts: Marts) -> None:
    marts.add("tickets_created", drawn(100))
    marts.happen("AI", "launch", 70, 70)
    assert marts.judge(68).open == 0
    assert marts.alerts("stat") == []
    assert marts.judge(71).open == 0
    told = "stat, rule, severity, state, first_bucket"
    assert marts.alerts(told) == [("AI", "launch", "info", "open", on(70))]
    marts.judge(95)
    assert marts.alerts(told) == [("AI", "launch", "info", "recovered", on(70))]


def test_what_is_near_its_limit_is_information_of_its_day(marts: Marts) -> None:
    """Tickets are added to a day until it is no more than near the limit, and then beyond it."""
    tickets = drawn(100)
    tickets[100] = 100
    rules = {}
    for more in range(0, 80, 2):
        day = Marts()
        day.add("tickets_created", tickets + more * (np.arange(DAYS) == 100))
        day.judge(100)
        found = day.alerts("rule, severity, state")
        rules[more] = found[0] if found else None
        if rules[more] and rules[more][0] == "near":
            day.judge(101)
            assert day.alerts("rule, state") == [("near", "recovered")]
    steps = list(dict.fromkeys(rules.values()))
    assert steps[:3] == [None, ("near", "info", "open"), ("anomaly", "warn", "open")]


def test_a_long_event_is_one_excused_incident(marts: Marts) -> None:
    marts.happen("Sale", "promo", 80, 105)
    tickets = drawn(100)
    tickets[82] += 90
    tickets[95] += 90
    marts.add("tickets_created", tickets)
    for day in range(78, 98):
        marts.judge(day)
    assert marts.alerts("first_bucket, state, is_suppressed") == [(on(82), "open", True)]
    marts.judge(112)
    assert marts.alerts("state") == [("recovered",)]


def test_a_deviation_that_breaks_its_contract_is_high() -> None:
    """CSAT of 4.4 falls to 4.1 on one day, which is a warning, unless 4.2 is the least."""
    for least, severity in ((None, "warn"), (4.2, "high")):
        marts = Marts()
        marts.connection.execute(
            "update marts.kpi_catalog set target_stat = 'mean', alert_below = ? where kpi = 'csat'",
            [least],
        )
        random = np.random.default_rng(5)
        ratings = 4.4 + random.normal(0, 0.05, DAYS)
        ratings[100] = 4.1
        marts.add("csat", ratings, np.full(DAYS, 300.0))
        marts.judge(100)
        assert marts.alerts("rule, severity") == [("anomaly", severity)]


def test_a_feed_that_dies_after_a_launch_is_dead_and_who_answers_may_change() -> None:
    """A week after the launch of an AI: chat has stopped, and so has what people answered."""
    for slice, found in (
        ({"channel": "chat"}, [("dead_feed", on(98))]),
        ({"handling": "human_handled"}, []),
    ):
        marts = Marts()
        marts.happen("AI", "launch", 90, 90)
        tickets, rest = drawn(40, 1), drawn(60, 2)
        tickets[97:] = 0
        marts.add("tickets_created", tickets, slice=slice)
        marts.add("tickets_created", tickets + rest)
        marts.judge(98)
        assert [row for row in marts.alerts("rule, bucket") if row[0] == "dead_feed"] == found
