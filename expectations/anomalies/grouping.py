"""Which incidents are one event: those that began within two days and move the same thing.

One thing is a KPI, the segment that leads, or, of wholes, the part of the business that the KPIs
tell of. Three KPIs that move together are graver than each of them is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import duckdb
import pyarrow as pa

from expectations.anomalies.answers import SETTLED
from expectations.anomalies.incidents import OWN_RULES
from expectations.anomalies.watched import SLICES

TOGETHER: Final = timedelta(hours=48)
# So many KPIs that move together are critical.
LINKED: Final = 3
# The first segment of a drill-down leads where it explains so much.
LEADING: Final = 0.4

_INCIDENTS = f"""
select
    alerts.alert_id, alerts.kpi, catalog.quadrant, alerts.opened_at, alerts.drill_down,
    {", ".join(f"alerts.{name}" for name in SLICES)}
from marts.alerts as alerts
inner join marts.kpi_catalog as catalog on alerts.kpi = catalog.kpi
where not alerts.is_suppressed and alerts.severity <> 'info' and alerts.state not in {SETTLED}
    and alerts.rule not in {OWN_RULES}
order by alerts.opened_at, alerts.alert_id"""

# What is not told of with others stands alone.
_STORE = """
update marts.alerts as alerts
set group_id = coalesce(grouped.group_id, alerts.alert_id),
    severity = case
        when grouped.is_critical and alerts.recovered_at is null then 'critical'
        else alerts.severity
    end
from marts.alerts as same
left join grouped on same.alert_id = grouped.alert_id
where alerts.alert_id = same.alert_id"""

_GROUPED = pa.schema(
    [("alert_id", pa.string()), ("group_id", pa.string()), ("is_critical", pa.bool_())]
)


@dataclass(frozen=True)
class Begun:
    """An incident: its KPI, the part of the business that tells of, and the segment that leads, as
    (dimension, value); None of a whole that nothing leads.
    """

    alert_id: str
    kpi: str
    quadrant: str
    opened_at: datetime
    leading: tuple[str, str] | None
    is_whole: bool

    def moves_with(self, other: "Begun") -> bool:
        if self.kpi == other.kpi:
            return True
        if self.leading is not None and self.leading == other.leading:
            return True
        return self.is_whole and other.is_whole and self.quadrant == other.quadrant


def together(begun: Sequence[Begun]) -> list[list[Begun]]:
    """The groups of incidents, which are given the oldest first. A group goes on for two days from
    its first one, so that a month of incidents is not one event.
    """
    groups: list[list[Begun]] = []
    for each in begun:
        near = (
            group
            for group in reversed(groups)
            if each.opened_at - group[0].opened_at <= TOGETHER
            and any(each.moves_with(other) for other in group)
        )
        group = next(near, None)
        if group is None:
            groups.append([each])
        else:
            group.append(each)
    return groups


def group_incidents(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes to `marts.alerts` what belongs together, and what is critical for that."""
    found = connection.execute(_INCIDENTS).fetchall()
    rows = [
        {
            "alert_id": each.alert_id,
            "group_id": group[0].alert_id,
            "is_critical": len({other.kpi for other in group}) >= LINKED,
        }
        for group in together([_begun(*row) for row in found])
        for each in group
    ]
    connection.register("grouped", pa.Table.from_pylist(rows, _GROUPED))
    connection.execute(_STORE)
    connection.unregister("grouped")


def _begun(
    alert_id: str, kpi: str, quadrant: str, opened_at: datetime, drill_down: str | None, *own: str
) -> Begun:
    segment = next(
        ((name, value) for name, value in zip(SLICES, own, strict=True) if value != "all"), None
    )
    parts = json.loads(drill_down) if drill_down else []
    first = next(((p["dimension"], p["segment"]) for p in parts if p["share"] >= LEADING), None)
    return Begun(alert_id, kpi, quadrant, opened_at, segment or first, segment is None)
