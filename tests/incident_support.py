"""Incidents as they are told, made by hand."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from reports.incidents import SEGMENTS, Incident


def incident(alert_id: str = "a1", **changed: Any) -> Incident:
    """CSAT of people, low on Wednesday 25 November."""
    whole = Incident(
        alert_id=alert_id, group_id=alert_id, kpi="csat", stat="mean", grain="day",
        segments=dict.fromkeys(SEGMENTS, "all") | {"handling": "human_handled"},
        rule="anomaly", severity="warn", state="open", is_suppressed=False,
        first=datetime(2026, 11, 25), newest=datetime(2026, 11, 25),
        value=4.02, expected=4.4, lower=4.31, upper=5.2, score=-4.4, parts=(),
        owner="Support lead", protocol="Review all of the week.", label="CSAT", kind="score",
        currency="USD", n=212, is_over=False, is_over_now=False, is_accepted=False, is_new=True,
        is_recent=True, asked_for=None, recovered_at=None,
    )  # fmt: skip
    return replace(whole, **changed)


def over(each: Incident) -> Incident:
    return replace(each, state="recovered", is_over=True, is_over_now=True)
