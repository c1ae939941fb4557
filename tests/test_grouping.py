"""Incidents that are one event: by when they began and what they move."""

from datetime import UTC, datetime, timedelta

import numpy as np

from expectations.anomalies.grouping import Begun, group_incidents, together
from tests.anomaly_support import DAYS, Marts, drawn

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
CATEGORY = ("category", "wismo")


def begun(
    alert_id: str, kpi: str, hours: int = 0, leading: tuple[str, str] | None = None,
    quadrant: str = "quality", whole: bool = True,
) -> Begun:  # fmt: skip
    return Begun(alert_id, kpi, quadrant, NOON + timedelta(hours=hours), leading, whole)


def ids(*incidents: Begun) -> list[str]:
    return ["".join(each.alert_id for each in group) for group in together(incidents)]


def test_what_moves_one_thing_within_two_days_is_one_event() -> None:
    assert ids(begun("a", "csat"), begun("b", "csat", 48)) == ["ab"]
    assert ids(begun("a", "csat"), begun("b", "csat", 49)) == ["a", "b"]


def test_a_segment_that_leads_links_kpis() -> None:
    volume = begun("a", "tickets_created", leading=CATEGORY, quadrant="volume")
    backlog = begun("b", "backlog", 5, CATEGORY, "efficiency", whole=False)
    other = begun("c", "backlog", 6, ("category", "returns"), "revenue", whole=False)
    assert ids(volume, backlog) == ["ab"]
    assert ids(volume, other) == ["a", "c"]


def test_wholes_of_one_part_of_the_business_are_linked_and_segments_are_not() -> None:
    assert ids(begun("a", "csat"), begun("b", "nps")) == ["ab"]
    assert ids(begun("a", "csat"), begun("b", "nps", quadrant="volume")) == ["a", "b"]
    assert ids(begun("a", "csat"), begun("b", "nps", leading=CATEGORY, whole=False)) == ["a", "b"]


def test_an_event_does_not_go_on_for_weeks() -> None:
    """From its first incident on for two days, however many follow."""
    daily = [begun(str(day), "csat", 24 * day) for day in range(6)]
    assert ids(*daily) == ["012", "345"]


def test_three_kpis_that_move_together_are_critical() -> None:
    """CSAT, NPS and quality jump on one day; deflection, of another part, on a day of its own."""
    marts = Marts()
    for kpi, seed in (("csat", 1), ("nps", 2), ("qa_score", 4), ("deflection_rate", 5)):
        quadrant = "efficiency" if kpi == "deflection_rate" else "quality"
        marts.connection.execute("delete from marts.kpi_catalog where kpi = ?", [kpi])
        marts.connection.execute(
            "insert into marts.kpi_catalog values (?, 'headline', 'context', 'count', 'count',"
            " null, 'lead', 'Look.', ?, 'count', ?, null, null, null)",
            [kpi, kpi, quadrant],
        )
        figures = drawn(100, seed)
        figures[101] += 90
        add_counts(marts, kpi, figures)
    marts.judge(101)
    group_incidents(marts.connection)
    found = marts.alerts("kpi, severity, group_id")
    critical = {kpi for kpi, severity, _ in found if severity == "critical"}
    assert critical == {"csat", "nps", "qa_score"}
    groups = {kpi: group for kpi, _, group in found}
    assert groups["csat"] == groups["nps"] == groups["qa_score"] != groups["deflection_rate"]
    group_incidents(marts.connection)
    assert marts.alerts("kpi, severity, group_id") == found


def add_counts(
    marts: Marts, kpi: str, figures: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    assert len(figures) == DAYS
    marts.add("tickets_created", figures)
    marts.connection.execute(
        "update marts.kpi_values set kpi = ? where kpi = 'tickets_created'", [kpi]
    )
