"""Random numbers that belong to a thing, not to the order in which things are made.

A shop that goes on living must keep yesterday as it was: so each draw is a hash of the seed, of
what is drawn and of the key of the order, ticket or day it is drawn for. Nothing that is made
later, and no other draw, can change it, and whole columns are drawn at once.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)


def mix(keys: Keys) -> Keys:
    """SplitMix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom generators)."""
    with np.errstate(over="ignore"):
        mixed = keys + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return mixed ^ (mixed >> np.uint64(31))


@dataclass(frozen=True)
class Dice:
    """Draws by name; `keys` are what the numbers belong to, one number a key."""

    seed: int

    def _salt(self, draw: str) -> np.uint64:
        digest = blake2b(f"{self.seed}/{draw}".encode(), digest_size=8).digest()
        return np.uint64(int.from_bytes(digest, "little"))

    def bits(self, draw: str, keys: Keys) -> Keys:
        return mix(mix(keys ^ self._salt(draw)))

    def child(self, draw: str, keys: Keys) -> Keys:
        """Keys of the things that `keys` give rise to."""
        return self.bits(f"child/{draw}", keys)

    def uniform(self, draw: str, keys: Keys) -> Floats:
        """In [0, 1)."""
        return (self.bits(draw, keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, draw: str, keys: Keys, chance: float | Floats) -> Bools:
        return np.asarray(self.uniform(draw, keys) < chance)

    def normal(self, draw: str, keys: Keys) -> Floats:
        bits = self.bits(draw, keys)
        first = ((bits >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
        second = (bits & _LOW).astype(np.float64) * 2.0**-32
        return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second))

    def exponential(self, draw: str, keys: Keys, mean: float | Floats) -> Floats:
        return np.asarray(-mean * np.log1p(-self.uniform(draw, keys)))

    def lognormal(
        self, draw: str, keys: Keys, median: float | Floats, sigma: float | Floats
    ) -> Floats:
        return np.asarray(median * np.exp(sigma * self.normal(draw, keys)))

    def choice(self, draw: str, keys: Keys, weights: npt.ArrayLike) -> Ints:
        """Index into `weights`."""
        share = np.cumsum(np.asarray(weights, dtype=np.float64))
        picked = np.searchsorted(share, self.uniform(draw, keys) * share[-1], side="right")
        return np.asarray(np.minimum(picked, len(share) - 1))

    def choice_by(self, draw: str, keys: Keys, table: npt.ArrayLike, rows: Ints) -> Ints:
        """Index into the row of `table` that `rows` names for each key."""
        shares = np.cumsum(np.asarray(table, dtype=np.float64), axis=1)
        shares /= shares[:, -1:]
        drawn = self.uniform(draw, keys)
        picked = np.zeros(len(keys), dtype=np.int64)
        for column in range(shares.shape[1] - 1):
            picked += drawn >= shares[rows, column]
        return picked

    def count(self, draw: str, keys: Keys, expected: Floats) -> Ints:
        """Whole numbers near `expected`: its floor, or one more with the chance that is left."""
        whole = np.floor(expected)
        return (whole + self.below(draw, keys, expected - whole)).astype(np.int64)

    def daily_count(self, draw: str, keys: Keys, expected: Floats) -> Ints:
        """A little more varied than Poisson, as a shop's days are."""
        drawn = expected + np.sqrt(1.25 * expected) * self.normal(draw, keys)
        return np.asarray(np.maximum(np.round(drawn), 0.0), dtype=np.int64)
