"""What is said of incidents: the figure, what it should be, why, who answers for it, what to do.

Plain text, since it is read in mails, chats and on phones; whoever sends it escapes it for where it
goes. What people typed has no control characters any more (`incidents`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reports.formats import MONTHS, Kind, duration, figure, number, threshold
from reports.incidents import LAUNCH, Incident
from reports.render.environment import environment

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Segments that read without the name of their dimension.
_HANDLINGS = {
    "ai_handled": "handled by AI",
    "human_handled": "handled by people",
    "none": "handled by nobody yet",
}
# No figure of these kinds can lie outside.
_LIMITS: dict[Kind, tuple[float, float]] = {"share": (0.0, 1.0), "score": (1.0, 5.0)}
_TITLE_OTHERS = 3


def message(event: str, incidents: Sequence[Incident], about: Sequence[Incident]) -> str:
    """The text of a message on `incidents`, the gravest first; `about`: those of them that are
    written out.
    """
    templates = environment(is_text=True)
    templates.filters |= {"sentence": sentence, "why": why, "lasted": lasted}
    return templates.get_template("alert.txt.j2").render(
        event=event,
        about=about,
        rest=max(len(incidents) - len(about), 0),
        owners=list(dict.fromkeys(each.owner for each in about if each.owner)),
        protocols=list(
            dict.fromkeys((each.label, each.protocol) for each in about if each.protocol)
        ),
    )


def title(event: str, severity: str, incidents: Sequence[Incident]) -> str:
    """One line: what happened, and to what."""
    names = list(dict.fromkeys(name(each) for each in incidents))
    others = len(names) - _TITLE_OTHERS
    named = ", ".join(names[:_TITLE_OTHERS]) + (f" and {others} more" if others > 0 else "")
    if event == "recovered":
        is_back = any(not each.is_accepted for each in incidents)
        return f"{'Recovered' if is_back else 'Taken for normal'}: {named}"
    if event == "digest":
        return f"For your information: {named}"
    first = incidents[0]
    if len(names) == 1 and first.value is not None and first.rule not in ("late", "stale"):
        named = f"{named} {_shown(first, first.value)}"
    return f"[{severity}] {named}"


def name(incident: Incident) -> str:
    """The figure in words: "Customer satisfaction, handled by people"."""
    if incident.kpi == "source_freshness":
        return f"Source {incident.stat} is late"
    if incident.kpi == "pipeline_runs":
        return f"Step {incident.stat} fails"
    if incident.kpi == LAUNCH:
        return incident.stat
    segments = [
        _HANDLINGS.get(value, f"{dimension} {value}").replace("_", " ")
        for dimension, value in incident.segments.items()
        if value != "all"
    ]
    return ", ".join([incident.label, *segments])


def sentence(incident: Incident) -> str:
    """The figure, when, and what would be normal."""
    if incident.kpi == "source_freshness":
        return _late(incident)
    if incident.kpi == "pipeline_runs":
        return f"{name(incident)} since {_day(incident.newest)}, {incident.newest:%H:%M} UTC."
    if incident.kpi == LAUNCH:
        return (
            f"{name(incident)} on {_day(incident.newest)}: new levels are learned, and deviations"
            " told again when they are known."
        )
    if incident.rule == "dead_feed":
        usual = "" if incident.expected is None else _shown(incident, incident.expected)
        expected = f"; {usual} was to be expected" if usual else ""
        return f"{name(incident)}: next to nothing comes, as of {_moment(incident)}{expected}."
    if incident.rule == "near" and incident.value is not None and incident.expected is not None:
        return (
            f"{name(incident)}: {_shown(incident, incident.value)} {_period(incident)}, which is"
            f" near its limit; {_shown(incident, incident.expected)} was to be expected."
        )
    value = "unknown" if incident.value is None else _shown(incident, incident.value)
    count = f" (n = {number(incident.n)})" if incident.n and incident.kind != "count" else ""
    return f"{name(incident)}: {value} {_period(incident)}; {_expected(incident)}{count}."


def why(incident: Incident) -> str:
    """The segments that a deviation comes from; empty where none is known."""
    if not incident.parts:
        return ""
    first = incident.parts[0].dimension
    parts = [part for part in incident.parts if part.dimension == first]
    told = ", ".join(f"{part.segment.replace('_', ' ')} {part.share:.0%}" for part in parts[:3])
    return f"Of the change by {first.replace('_', ' ')}: {told}."


def lasted(incident: Incident) -> str:
    """From when to when it was out of line."""
    if incident.kpi in ("source_freshness", "pipeline_runs"):
        return f"{name(incident)} no more."
    if incident.is_accepted:
        return (
            f"{name(incident)}: what began on {_day(incident.first)} has lasted five weeks and is"
            " taken for normal from now on."
        )
    until = "" if incident.first == incident.newest else f" to {_day(incident.newest)}"
    return f"{name(incident)} is back to normal; it was not from {_day(incident.first)}{until}."


def _late(incident: Incident) -> str:
    if incident.value is None:
        return f"Source {incident.stat} has never been read to its end."
    allowed = f"; {duration(incident.upper)} is allowed" if incident.upper is not None else ""
    return f"Source {incident.stat} has brought nothing for {duration(incident.value)}{allowed}."


def _period(incident: Incident) -> str:
    if incident.rule.startswith("anomaly_"):
        count = incident.rule.removeprefix("anomaly_")
        length = f"{count[:-1]} {'days' if count.endswith('d') else 'hours'}"
        average = "on average " if incident.kind == "count" else ""
        return f"{average}over the {length} to {_moment(incident)}"
    if incident.grain in ("day", "hour"):
        return f"on {_moment(incident)}"
    if incident.grain == "month":
        return f"in {MONTHS[incident.newest.month - 1]}"
    return f"in the {incident.grain} of {_day(incident.newest)}"


def _expected(incident: Incident) -> str:
    if incident.rule == "anomaly" and incident.grain == "day":
        return f"{_range(incident)} is normal for a {WEEKDAYS[incident.newest.weekday()]}"
    if incident.rule.startswith("anomaly"):
        return f"{_range(incident)} is normal"
    baseline = ""
    if "baseline" in incident.rule and incident.expected is not None:
        baseline = f", with {_shown(incident, incident.expected)} as its baseline"
    return f"its contract asks for {_range(incident)}{baseline}"


def _range(incident: Incident) -> str:
    lower, upper = incident.lower, incident.upper
    if lower is not None and upper is not None:
        return f"{_bound(incident, lower)} to {_bound(incident, upper)}"
    if lower is not None:
        return f"at least {_bound(incident, lower)}"
    return f"at most {_bound(incident, upper)}" if upper is not None else "something else"


def _shown(incident: Incident, value: float) -> str:
    return figure(value, incident.kind, incident.currency)


def _bound(incident: Incident, value: float) -> str:
    if incident.rule.startswith("anomaly"):
        least, most = _LIMITS.get(incident.kind, (value, value))
        value = min(max(value, least), most)
    return threshold(value, incident.kind, incident.currency)


def _moment(incident: Incident) -> str:
    """The day, of an hour with its hours."""
    if incident.grain != "hour":
        return _day(incident.newest)
    end = incident.newest + timedelta(hours=1)
    return f"{_day(incident.newest)}, {incident.newest:%H:%M} to {end:%H:%M}"


def _day(day: datetime) -> str:
    """Tue 24 November."""
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1]}"
