"""What is thought of the tickets of a nasty shop: ratings, NPS responses, reviews by colleagues."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .nasty_people import People
from .nasty_script import DAY, SECOND, Cells, Script

SCORES = {"1-5": "12345", "1-3": "123", "good_bad": ("good", "bad"), "1-10": range(1, 11)}
WEEK_S = 7 * 86400


def ratings(script: Script, crowd: list[Cells]) -> list[Cells]:
    """Re-ratings and answers around the seven days, several targets and scales, no two at once."""
    rng = script.options.rng("ratings")
    rows: list[Cells] = []
    for number in range(rng.choice([2, 6, 12])):
        at = script.some_instant(rng) + (7 * number + 1) * SECOND
        scale = rng.choice(list(SCORES))
        row: Cells = {
            "ticket_id": rng.choice(script.tickets)["ticket_id"],
            "target": rng.choice(["ai", "human", "ticket", ""]),
            "episode_seq": rng.choice(["", "", "", 1]),
            "scale": scale if scale != "1-5" else rng.choice(["", "1-5"]),
        }
        if rng.random() < 0.05:
            row["ticket_id"] = "T999"
        for later in rng.choice([[0], [0], [0, 3600], [0, WEEK_S], [0, 60, WEEK_S + 1]]):
            score = rng.choice(list(SCORES[scale]))
            rows.append({**row, "rated_at": at + later * SECOND, "score": score})
    for sent in [row for row in script.events if row["event_type"] == "survey_sent"]:
        after = rng.choice([None, None, -1, 0, 1, 3600, WEEK_S, WEEK_S + 1])
        if after is not None:
            at = sent["occurred_at"]
            told = {"ticket_id": sent["ticket_id"], "survey_sent_at": min(at, at + after * SECOND)}
            rows.append({**told, "rated_at": at + after * SECOND, "score": rng.choice("12345")})
    for ticket in crowd:
        at = script.opened[ticket["ticket_id"]] + rng.randint(100, 5000) * SECOND
        told = {"ticket_id": ticket["ticket_id"], "target": rng.choice(["ai", "human", ""])}
        rows.append({**told, "rated_at": at, "score": rng.choice("1223455")})
        if rng.random() < 0.2:  # better, or worse, some days later
            again = {"target": "ticket", "rated_at": at + 5 * DAY, "score": rng.choice("15")}
            rows.append({**told, **again})
    return list({row["rated_at"]: row for row in rows}.values())


def nps_responses(script: Script, people: People) -> list[Cells]:
    """Around the 90 days: of a period's window, of the ticket that makes one a supported one."""
    rng = script.options.rng("nps")
    zone = ZoneInfo(script.options.zone)
    asked = [row for row in script.messages if row["author_kind"] == "customer"]
    owners = {row["ticket_id"]: row.get("customer_id") for row in script.tickets}
    rows: dict[datetime, Cells] = {}
    for _ in range(rng.choice([1, 5, 15])):
        at = script.some_instant(rng)
        customer = rng.choice([*people.names, "C99"])
        how = rng.random()
        if how < 0.3:  # local midnight, 90 days before a month ends
            first = (at.astimezone(zone) + 40 * DAY).date().replace(day=1)
            midnight = datetime.combine(first - 90 * DAY, time(), zone)
            at = midnight.astimezone(script.start.tzinfo) + rng.choice([-1, 0, 1]) * SECOND
        elif how < 0.7 and asked:
            about = rng.choice(asked)
            customer = owners.get(about["ticket_id"]) or customer
            at = about["sent_at"] + rng.choice([0, 90]) * DAY + rng.choice([-1, 0, 1]) * SECOND
        if script.first <= at <= max(script.last, script.end):
            rows[at] = {
                "customer_id": customer,
                "responded_at": at,
                "score": rng.choice([0, 6, 6, 7, 8, 9, 9, 10]),
                "survey": rng.choice(["", "yearly"]),
            }
    return list(rows.values())


def qa_reviews(script: Script) -> list[Cells]:
    """Of some episodes several, of some none, some of an episode that never was."""
    rng = script.options.rng("reviews")
    rows: dict[tuple[str, datetime], Cells] = {}
    for ticket in script.tickets:
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            at = script.opened[ticket["ticket_id"]] + timedelta(minutes=rng.randint(0, 20000))
            rows[ticket["ticket_id"], at] = {
                "ticket_id": ticket["ticket_id"],
                "reviewed_at": at,
                "is_correct": rng.random() < 0.7,
                "reviewer": rng.choice(["", "E"]),
                "episode_seq": rng.choice(["", "", 1, 1, 2, 9]),
            }
    return [row for row in rows.values() if row["reviewed_at"] <= max(script.last, script.end)]
