"""What is seen of series, before anything is said of it."""

from dataclasses import dataclass

import numpy as np

from expectations.anomalies.baseline import Ints, Window
from expectations.anomalies.laws import LAWS, Bools, Floats


@dataclass(frozen=True)
class Observations:
    """Series of one kind, (series, buckets), the newest last: `value` as people know it,
    `numerator` and `denominator` (of a ratio, rate or mean; else NaN), `sd` of single things where
    it is known. `season`: index of each bucket. `is_there`: the series exists then.
    """

    kind: str
    value: Floats
    numerator: Floats
    denominator: Floats
    sd: Floats
    season: Ints
    is_there: Bools

    def newest(self, until: int, buckets: int) -> "Observations":
        """The `buckets` buckets before index `until`."""
        cut = np.s_[:, max(until - buckets, 0) : until]
        return Observations(
            self.kind, self.value[cut], self.numerator[cut], self.denominator[cut], self.sd[cut],
            self.season[cut[1]], self.is_there[cut],
        )  # fmt: skip

    def of(self, rows: Ints) -> "Observations":
        """Some of the series."""
        return Observations(
            self.kind, self.value[rows], self.numerator[rows], self.denominator[rows],
            self.sd[rows], self.season, self.is_there[rows],
        )  # fmt: skip

    def window(self, is_trained: Bools) -> Window:
        """On the scale of their law; `is_trained` says which buckets were normal."""
        law = LAWS[self.kind]
        figure, size = law.figures(self.value, self.numerator, self.denominator)
        size = np.where(self.is_there & np.isfinite(size), size, 0.0)
        return Window(law, figure, size, self.season, is_trained & self.is_there, self._spread())

    def sizes(self, is_trained: Bools) -> Window:
        """How many things each bucket has, as counts."""
        things = self.value if self.kind == "count" else self.denominator
        size = np.where(self.is_there, np.nan_to_num(things), 0.0)
        is_there = self.is_there
        return Window(
            LAWS["count"], size, is_there.astype(float), self.season, is_trained & is_there
        )

    def _spread(self) -> Floats | None:
        """Pooled variance of single things; None where the source does not say."""
        if self.kind != "mean":
            return None
        known = np.isfinite(self.sd) & (self.denominator > 1)
        if not known.any(axis=1).all():
            return None
        freedom = np.where(known, self.denominator - 1, 0.0)
        pooled = (np.where(known, self.sd, 0.0) ** 2 * freedom).sum(axis=1, keepdims=True)
        total = np.maximum(freedom.sum(axis=1, keepdims=True), 1)
        spread: Floats = np.maximum(pooled / total, 1e-6)
        return spread
