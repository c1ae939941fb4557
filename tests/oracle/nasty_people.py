"""The customers of a nasty shop: test ones, merged ones, two of one address, some without an id."""

from __future__ import annotations

import random
from typing import Any


class People:
    """A handful of persons, so that the same one is met on several tickets and orders."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._names = [f"C{number}" for number in range(1, rng.randint(3, 9))]

    def rows(self) -> list[dict[str, Any]]:
        """The customers file; seldom there is none."""
        rng = self._rng
        rows: list[dict[str, Any]] = []
        for name in self._names:
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
        return rows if rng.random() < 0.85 else []

    def _elder(self, name: str) -> str:
        """Of two records of one person the one that stays; a circle of merges means nothing."""
        return self._rng.choice([other for other in self._names if other < name] or [""])

    def who(self) -> dict[str, Any]:
        """How a ticket or an order names its customer: by id, by address only, or not at all."""
        rng = self._rng
        name = rng.choice(self._names)
        if rng.random() < 0.7:
            return {"customer_id": name}
        if rng.random() < 0.5:
            return {"customer_email": f"{name.lower()}@X.example"}
        return {"customer_email": "guest@x.example"} if rng.random() < 0.3 else {}
