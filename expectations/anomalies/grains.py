"""The paces at which the marts are watched: by day, and by hour where figures have hours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from expectations.anomalies.rules import DAILY, DEAD, HOURLY, Rules


@dataclass(frozen=True)
class Grain:
    """A pace: `name` as `kpi_values` has it, `step` from one bucket to the next, the detector's
    `rules`. `look_back`: with what an event of last year teaches, and what a baseline looks back
    upon from there. The newest `rejudged` buckets are judged again each time, since what they are
    made of still comes; `recent` ones are always judged one by one. Series of less than `least`
    things a bucket are too thin to be watched.
    """

    name: str
    step: timedelta
    rules: Rules
    look_back: timedelta
    rejudged: int
    recent: int
    least: float = 0.0

    def season(self, start: datetime) -> int:
        """The weekday, or the hour of the week."""
        return start.weekday() * 24 + start.hour if self is HOUR else start.weekday()

    def of_stock(self, several: Mapping[int, float]) -> Mapping[int, float]:
        """Thresholds of several buckets together for what stands: from one hour to the next it is
        mostly the same tickets, of which more hours say no more.
        """
        return dict.fromkeys(several, math.inf) if self is HOUR else several

    def rule(self, buckets: int) -> str:
        """anomaly of one bucket, anomaly_7d or anomaly_6h of several together, or dead_feed."""
        if buckets == DEAD:
            return "dead_feed"
        return "anomaly" if buckets == 1 else f"anomaly_{buckets}{self.name[0]}"


DAY: Final = Grain(
    "day", timedelta(days=1), DAILY, timedelta(days=366 + 160), rejudged=7, recent=14
)
HOUR: Final = Grain(
    "hour", timedelta(hours=1), HOURLY, timedelta(days=366 + 70), rejudged=24, recent=48, least=1.0
)
GRAINS: Final = (DAY, HOUR)
