"""Small random export folders full of trouble, the same for the same options.

A shop is some weeks around a change of clocks somewhere on earth. Tickets live random lives
(nasty_tickets.py); around them stand people, opinions, work and money (a module each), the merges
between them, and the files: shuffled, with doubles, in every accepted notation.

Left out on purpose, as the specification does not settle them: rows of unknown tickets (but
ratings), two ratings, recommendations or orders at one instant, a rate that changes within a day of
a resolve, cells later than `as_of` in a row that is not, NPS, reviews and work from before or after
everything else, returns among the lines of listed orders.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .export import Account
from .nasty_files import write_files
from .nasty_money import Money, cost_rates, support_costs
from .nasty_options import ZONES, Options, drawn
from .nasty_people import KINDS, People
from .nasty_script import DAY, SECOND, Cells, Script
from .nasty_shapes import reshape
from .nasty_steps import TAGS
from .nasty_tickets import live_a_life, live_in_a_crowd
from .nasty_voices import nps_responses, qa_reviews, ratings
from .nasty_work import roster, schedules, targets, time_entries


def nasty_shop(seed: int, folder: Path) -> Account:
    """Writes the export of shop `seed` into `folder` and returns its account."""
    return write_shop(drawn(seed), folder)


def write_shop(options: Options, folder: Path) -> Account:
    """Writes the export of a shop of these options into `folder` and returns its account."""
    shop = _Shop(options)
    shop.live()
    shop.tell()
    as_of = shop.as_of() if "as_of" in options.has else None
    shop.age()
    tables = reshape(options, shop.script, shop.tables, as_of)
    write_files(options, folder, tables)
    complete = shop.change.date() + timedelta(days=shop.rng.randint(-6, 6))
    return Account(
        id=f"nasty{options.seed}",
        timezone=options.zone,
        currency="EUR",
        week_start=options.week_start,
        as_of=as_of,
        ai_coverage_complete_from=complete if "coverage" in options.has else None,
    )


class _Shop:
    """The tables of a shop as they fill."""

    def __init__(self, options: Options) -> None:
        self.options, self.rng = options, options.rng("shop")
        self.change = datetime.combine(
            self.rng.choice(ZONES[options.zone]), datetime.min.time(), UTC
        )
        start = self.change - self.rng.randint(2, 12) * DAY
        self.script = Script(options, start, self.change)
        self._people = People(options)
        self._crowd: list[Cells] = []
        self.tables: dict[str, list[dict[str, Any]]] = {
            "tickets": self.script.tickets,
            "messages": self.script.messages,
            "ticket_events": self.script.events,
            **self._people.tables(),
        }

    def live(self) -> None:
        """The tickets' lives, each with randomness of its own, and the merges between them."""
        script = self.script
        if self.options.is_crowded:
            for number, who in enumerate(self._people.crowd()):
                row = {"ticket_id": f"U{number}", "channel": "email", "category": "wismo", **who}
                self._crowd.append(row)
                script.tickets.append(row)
                live_in_a_crowd(script, row, number)
        for number in range(1, self.options.tickets + 1):
            if script.is_full:
                break
            script.rng = self.options.rng(f"T{number}")
            live_a_life(script, self._ticket(number))
        if script.has("merges"):
            self._merge()

    def tell(self) -> None:
        """All that hangs on the tickets."""
        script, tables = self.script, self.tables
        if script.has("schedules"):
            tables |= schedules(script)
        if script.has("ratings"):
            tables["csat_responses"] = ratings(script, self._crowd)
        if script.has("orders"):
            money = Money(script, self._people)
            tables |= money.tables(tables.get("csat_responses", []), self._crowd)
        told: dict[str, tuple[str, Callable[[], list[Cells]]]] = {
            "nps": ("nps_responses", lambda: nps_responses(script, self._people)),
            "reviews": ("qa_reviews", lambda: qa_reviews(script)),
            "time": ("time_entries", lambda: time_entries(script)),
            "roster": ("roster", lambda: roster(script)),
            "rates": ("cost_rates", lambda: cost_rates(script)),
            "costs": ("support_costs", lambda: support_costs(script)),
            "targets": ("targets", lambda: targets(script)),
        }
        for feature, (entity, rows) in told.items():
            if script.has(feature):
                tables[entity] = rows()
        if not tables["agents"]:  # then an event must say itself what its actor is
            for row in script.events:
                if row.get("actor_id") in KINDS:
                    row["actor_kind"] = KINDS[row["actor_id"]]

    def _ticket(self, number: int) -> Cells:
        rng = self.script.rng
        row: Cells = {
            "ticket_id": f"T{number}",
            "channel": rng.choice(["chat", "Chat", "email", "email", "phone", "all", "", "form"]),
            "is_sync": rng.choice(["", "", "", True, False]),
            "category": rng.choice(["wismo", "wismo", "returns", "all", ""]),
            "priority": rng.choice(["", "normal", "urgent"]),
            "team": rng.choice(["", "", "returns", "night", "all"]),
            "assignee_id": rng.choice(["", "A", "B", "D"]),
            "is_spam": rng.random() < 0.05,
            "is_deleted": rng.random() < 0.04,
            "is_test": rng.random() < 0.03,
            **self._people.who(rng),
        }
        tags = rng.sample(TAGS, k=rng.choice([0, 0, 1, 2, 3]))
        if self.script.has("tags"):
            row["tags"] = tags
        self.script.tickets.append(row)
        return row

    def _merge(self) -> None:
        """Pairs, chains and cycles, by event or by column, some undone."""
        rng, script = self.options.rng("merges"), self.script
        names = [row["ticket_id"] for row in script.tickets]
        for _ in range(rng.choice([1, 2, 3, 5])):
            row = rng.choice(script.tickets)
            into, at = rng.choice(names), script.some_instant(rng)
            how = rng.random()
            if how < 0.7:
                script.event(row, at, "merged_into", to_value=into, actor_kind="human_agent")
            if how > 0.4:
                row["merged_into"] = into
            if rng.random() < 0.2:
                at = script.some_instant(rng)
                script.event(row, at, "unmerged", actor_kind="human_agent")

    def as_of(self) -> datetime | None:
        """An instant before the shop's end: often exactly that of some resolve."""
        rng, script = self.options.rng("as_of"), self.script
        resolves = sorted(row["occurred_at"] for row in script.resolves)
        if not resolves or not script.messages:
            return None
        some = script.start + timedelta(seconds=int(script.span.total_seconds() * rng.random()))
        late: list[datetime] = [
            rng.choice([some, *resolves]),
            resolves[len(resolves) // 3],
            script.talk[0],
        ]
        self._forget(max(late))
        return max(late)

    def _forget(self, as_of: datetime) -> None:
        """What is not later than `as_of` says nothing of what is."""
        script, tables = self.script, self.tables
        later = {name for name, at in script.opened.items() if at > as_of}
        for row in script.tickets:
            if row["ticket_id"] not in later and (row["created_at"] or as_of) > as_of:
                row["created_at"] = ""
            if row.get("merged_into") in later:
                row["merged_into"] = ""
        script.events[:] = [
            row
            for row in script.events
            if row["occurred_at"] > as_of or not {row["ticket_id"], row.get("to_value")} & later
        ]
        for entity in ("csat_responses", "time_entries", "qa_reviews"):
            rows = tables.get(entity, [])
            tables[entity] = [row for row in rows if row["ticket_id"] not in later]
        for row in tables.get("orders", []):
            for name in ("paid_at", "cancelled_at"):
                if row[name] and row[name] > as_of:
                    row[name] = ""

    def age(self) -> None:
        """Adds older versions of some tickets; the newest by `updated_at` counts."""
        rng, rows = self.options.rng("versions"), self.script.tickets
        if not self.script.has("versions"):
            return
        for row in rows:  # neither the first nor the newest instant of the files
            row["updated_at"] = self.script.first + 100 * SECOND
        old = [dict(row) for row in rows if rng.random() < 0.15]
        for row in old:
            row |= {"category": "old", "is_spam": True, "team": "old"}
            row["updated_at"] -= rng.choice([1, 50]) * SECOND
        rows.extend(old)
