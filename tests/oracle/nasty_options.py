"""What a nasty shop is made of: a seed, a place, a size, and which troubles it has.

The options are few and printable, so that a failing shop can be told, written again and made
smaller by leaving features out. Each subject has its own randomness: a feature less leaves the
rest of the shop as it is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

# Zone and the days on which its clocks change.
ZONES: dict[str, list[date]] = {
    "UTC": [date(2026, 12, 31), date(2026, 3, 1)],
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Pacific/Auckland": [date(2026, 4, 5), date(2026, 9, 27)],
    "Pacific/Honolulu": [date(2026, 3, 1), date(2026, 11, 1)],
    "Asia/Kathmandu": [date(2026, 2, 1), date(2026, 5, 31)],
    "America/St_Johns": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],  # by half an hour
    "America/Santiago": [date(2026, 4, 5), date(2026, 9, 6)],  # at midnight
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],  # at midnight
}
WEEK_STARTS = (1, 7, 6, 3)
# Which files a shop hands over; what is not there is told by the tickets' columns, or by nothing.
SHAPES = ("full", "no messages", "no events", "tickets alone", "events alone")
FEATURES = (
    "orders",
    "ratings",
    "customers",  # their file; without it there are only ids and addresses
    "agents",
    "merges",
    "versions",  # older rows of some tickets
    "assignments",
    "schedules",
    "history",  # orders from long before the first ticket
    "lines",
    "refunds",
    "currencies",
    "tags",
    "recommendations",
    "surveys",
    "nps",
    "reviews",
    "time",  # time entries
    "roster",
    "rates",
    "costs",
    "targets",
    "coverage",  # an `ai_coverage_complete_from`
    "as_of",  # seen at an instant before its end
)
CROWD = 130  # enough rated customers for a correlation (R5), enough tickets for a growth (V4)


@dataclass(frozen=True)
class Options:
    """`tickets` and `days` bound the lives of the tickets; a crowd stands beside them."""

    seed: int
    zone: str = "UTC"
    week_start: int = 1
    tickets: int = 20
    days: int = 20
    shape: str = "full"
    is_crowded: bool = False
    has: tuple[str, ...] = FEATURES

    def rng(self, subject: str) -> random.Random:
        """The randomness of one subject, whatever the others draw."""
        return random.Random(f"{self.seed} {subject}")


def drawn(seed: int) -> Options:
    """The options of a seed: most features on, one shop in four long, few without a file."""
    rng = random.Random(seed)
    is_long = rng.random() < 0.25
    return Options(
        seed=seed,
        zone=rng.choice(list(ZONES)),
        week_start=rng.choice([1, *WEEK_STARTS]),
        tickets=rng.randint(4, 12) if is_long else rng.randint(5, 30),
        days=rng.randint(75, 200) if is_long else rng.randint(9, 40),
        shape=rng.choice([*6 * ["full"], *SHAPES]),
        is_crowded=rng.random() < 0.1,
        has=tuple(name for name in FEATURES if rng.random() < 0.8),
    )
