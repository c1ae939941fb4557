"""What is said of incidents: figure, period, range, reason, owner and cure."""

from datetime import UTC, datetime

import pytest

from expectations.anomalies.incidents import LEARNED_RULES
from reports.alert_texts import message, sentence, title, why
from reports.incidents import SEGMENTS, Part, read_incidents
from tests.anomaly_support import Marts, of_categories, on
from tests.incident_support import incident


def test_the_words_name_figure_day_range_and_number() -> None:
    assert sentence(incident()) == (
        "CSAT, handled by people: 4.02 on Wed 25 November; 4.31 to 5.00 is normal for a Wednesday"
        " (n = 212)."
    )
    assert title("opened", "warn", [incident()]) == "[warn] CSAT, handled by people 4.02"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"kpi": "tickets_created", "label": "Ticket volume", "kind": "count", "value": 12.7,
             "rule": "anomaly_3d", "lower": 2.0, "upper": 11.4, "n": None},
            "12.7 on average over the 3 days to Wed 25 November; 2 to 11.4 is normal.",
        ),
        (
            {"grain": "week", "rule": "below", "newest": datetime(2026, 11, 16), "lower": 4.0,
             "upper": None, "n": 80},
            "4.02 in the week of Mon 16 November; its contract asks for at least 4.00 (n = 80).",
        ),
        (
            {"grain": "month", "rule": "above_baseline_by", "newest": datetime(2026, 10, 1),
             "kind": "share", "value": 0.326, "lower": None, "upper": 0.267, "expected": 0.167},
            "32.6 % in October; its contract asks for at most 26.7 %, with 16.7 % as its baseline"
            " (n = 212).",
        ),
        (
            {"rule": "dead_feed", "kind": "count", "value": 0.0, "expected": 45.0, "n": None},
            "next to nothing comes, as of Wed 25 November; 45 was to be expected.",
        ),
        (
            {"grain": "hour", "newest": datetime(2026, 11, 25, 14), "kind": "seconds",
             "value": 5400.0, "lower": 60.0, "upper": 1800.0, "n": 9},
            "1 h 30 min on Wed 25 November, 14:00 to 15:00; 1 min to 30 min is normal (n = 9).",
        ),
    ],
)  # fmt: skip
def test_the_words_of_each_rule(changed: dict[str, object], said: str) -> None:
    told = sentence(incident(segments=dict.fromkeys(SEGMENTS, "all"), **changed))
    assert told.partition(": ")[2] == said


def test_late_sources_and_failing_steps_are_told_as_such() -> None:
    late = incident(kpi="source_freshness", stat="desk", rule="late", value=5400.0, upper=600.0)
    assert sentence(late) == "Source desk has brought nothing for 1 h 30 min; 10 min is allowed."
    failing = incident(kpi="pipeline_runs", stat="transform", rule="failed", value=None)
    assert "Step transform fails since Wed 25 November" in sentence(failing)
    assert title("opened", "high", [late, failing]) == (
        "[high] Source desk is late, Step transform fails"
    )


def test_the_segments_that_explain_it_owner_and_cure_are_told() -> None:
    parts = (Part("category", "returns", 0.78), Part("category", "order_change", 0.12))
    explained = incident(parts=parts)
    assert why(explained) == "Of the change by category: returns 78%, order change 12%."
    text = message("opened", [explained], [explained])
    for told in ("returns 78%", "Owner: Support lead", "Do: Review all of the week.", "ack a1"):
        assert told in text


def test_incidents_are_read_with_their_figures_and_only_the_new_ones_are_news() -> None:
    """Of a shop that is looked at for the first time on its day 108: 90 more parcels on day 101,
    and 90 more returns on day 60.
    """
    marts = Marts()
    of_categories(marts, {"parcel": (101, 90), "returns": (60, 90)})
    marts.judge(107)
    found = read_incidents(marts.connection, on(108).replace(tzinfo=UTC), LEARNED_RULES)
    told = {each.first: each for each in found if each.segments["category"] == "all"}
    assert {first: each.is_news for first, each in told.items()} == {on(60): False, on(101): True}
    fresh = told[on(101)]
    assert (fresh.label, fresh.kind, fresh.owner) == (
        "Tickets created", "count", "tickets_created owner",
    )  # fmt: skip
    assert [part.segment for part in fresh.parts] == ["parcel"]
    assert f"of {on(101).day} April" not in sentence(fresh)
    assert fresh.value == fresh.n
    long_after = on(120).replace(tzinfo=UTC)
    assert not any(
        each.is_news for each in read_incidents(marts.connection, long_after, LEARNED_RULES)
    )
