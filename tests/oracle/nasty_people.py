"""Who there is in a nasty shop: customers (test ones, merged ones, two of one address), agents."""

from __future__ import annotations

import random
from typing import Any

from .nasty_options import CROWD, Options

LISTED = ["A", "B", "D"]
HUMANS = [*LISTED, *LISTED, "Z", ""]  # Z is in no file; the last leaves no name
AGENTS: list[dict[str, Any]] = [
    {"agent_id": "AI", "kind": "ai_agent"},
    {"agent_id": "A", "kind": "human_agent", "team": "returns"},
    {"agent_id": "B", "kind": "human_agent", "team": "all"},
    {"agent_id": "D"},
    {"agent_id": "E", "kind": "human_agent", "team": "night"},  # never does a thing
    {"agent_id": "BOT", "kind": "automation"},
]
KINDS = {**dict.fromkeys(LISTED, "human_agent"), "AI": "ai_agent"}


class People:
    """A handful of persons, so that the same one is met on several tickets and orders."""

    def __init__(self, options: Options) -> None:
        self._rng = options.rng("people")
        self._options = options
        self.names = [f"C{number}" for number in range(1, self._rng.randint(3, 9))]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        has = self._options.has
        return {
            "customers": self._customers() if "customers" in has else [],
            "agents": AGENTS if "agents" in has else [],
        }

    def who(self, rng: random.Random) -> dict[str, Any]:
        """How a ticket or an order names its customer: by id, by address only, or not at all."""
        name = rng.choice(self.names)
        if rng.random() < 0.7:
            return {"customer_id": name}
        if rng.random() < 0.5:
            return {"customer_email": f"{name.lower()}@X.example"}
        return {"customer_email": "guest@x.example"} if rng.random() < 0.3 else {}

    def crowd(self) -> list[dict[str, Any]]:
        """Many more of whom no file tells."""
        return [{"customer_id": f"K{number}"} for number in range(CROWD)]

    def _customers(self) -> list[dict[str, Any]]:
        rng = self._rng
        rows: list[dict[str, Any]] = []
        for name in self.names:
            email = f"{name.lower()}@x.example"
            rows.append(
                {
                    "customer_id": name,
                    "email": rng.choice([email, email.upper(), ""]),
                    "is_test": rng.random() < 0.03,
                    "is_internal": rng.random() < 0.02,
                    "merged_into": self._elder(name) if rng.random() < 0.2 else "",
                }
            )
        if rng.random() < 0.3:
            rows[-1]["email"] = "C1@X.example"
        return rows

    def _elder(self, name: str) -> str:
        """Of two records of one person the one that stays; a circle of merges means nothing."""
        return self._rng.choice([other for other in self.names if other < name] or [""])
