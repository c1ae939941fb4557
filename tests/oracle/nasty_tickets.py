"""Random lives of tickets: what customers, agents and machines do to one, one step after another.

Most steps follow a plausible plot (asked, answered, resolved, thanked, asked again); between them
anything may happen at any time, often at the very same second.
"""

from __future__ import annotations

from datetime import timedelta

from .nasty_options import CROWD
from .nasty_script import DAY, GAPS_S, LONG_GAPS_S, Cells, Script
from .nasty_steps import STEPS, WEIGHTS


def live_a_life(script: Script, ticket: Cells) -> None:
    """Writes the messages and events of one ticket from some instant on."""
    rng = script.rng
    at = script.some_instant(rng)
    script.opened[ticket["ticket_id"]] = at
    lag = timedelta(seconds=rng.choice([0, 0, -180, 90]))  # rows are made late, or ahead
    ticket["created_at"] = at + lag if rng.random() < 0.8 else ""
    if rng.random() < 0.3:
        script.event(ticket, at, "created")
    plot = rng.choices(list(PLOTS), [weight for weight, _ in PLOTS.values()])[0]
    for step in PLOTS[plot][1]:
        STEPS[step](script, ticket, at)
        at += timedelta(seconds=rng.choice(GAPS_S))
    for _ in range(rng.choice([0, 1, 2, 4, 8]) if plot != "silent" else 0):
        at += timedelta(seconds=rng.choice(GAPS_S if rng.random() < 0.7 else LONG_GAPS_S))
        step = rng.choices(list(STEPS), [WEIGHTS.get(name, 1) for name in STEPS])[0]
        STEPS[step](script, ticket, at)


def live_in_a_crowd(script: Script, ticket: Cells, number: int) -> None:
    """One question and one resolve, evenly over weeks of one quarter: of note is the number."""
    begin, length = script.start, 37 * DAY
    if (begin.month - 1) // 3 != ((begin + length).month - 1) // 3:
        begin = (begin + length).replace(day=2)
    at = (begin + number * length / CROWD).replace(microsecond=0)
    script.opened[ticket["ticket_id"]] = at
    ticket["created_at"] = at
    script.message(ticket, at, "customer")
    script.event(ticket, at + timedelta(seconds=60), "resolved", actor_kind="human_agent")


PLOTS: dict[str, tuple[float, list[str]]] = {
    "human": (4, ["ask", "reply", "human_resolve"]),
    "human again": (2, ["ask", "reply", "resolve", "ask", "reply", "resolve"]),
    "ai": (4, ["ask", "answer", "ai_resolve"]),
    "ai again": (2, ["ask", "answer", "ai_resolve", "thanks", "ask", "answer"]),
    "hybrid": (2, ["ask", "answer", "ask", "reply", "resolve"]),
    "handed off": (3, ["ask", "greet", "handoff", "reply", "resolve"]),
    "greeted only": (1, ["ask", "greet", "ai_resolve"]),
    "greeted first": (1, ["greet", "ask", "reply", "resolve"]),
    "notified": (1, ["ask", "receipt", "notify", "resolve"]),
    "unanswered": (2, ["ask"]),
    "outbound": (1, ["reply"]),
    "outbound answered": (1, ["reply", "resolve", "ask", "reply", "resolve"]),
    "machine only": (1, ["absence", "receipt"]),
    "silent": (1, []),
    "no word": (1, ["resolve"]),
}
