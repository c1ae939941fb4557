"""The summary for programs: raw values with their names, None where unknown.

Ratios 0 to 1, durations in seconds, money in the account's currency; instants are the account's
local wall time, days ISO 8601.
"""

from __future__ import annotations

from typing import Any

import orjson

from reports import wording
from reports.lines import Line
from reports.published import Figure
from reports.summary import Summary

VERSION = 1


def summary_json(summary: Summary) -> bytes:
    """JSON in UTF-8, indented; `version` changes when a key does."""
    account, period, notes = summary.account, summary.period, summary.notes
    told: dict[str, Any] = {
        "version": VERSION,
        "report": summary.rhythm.name,
        "period": {"name": period.label, "start": period.starts_on, "end": period.ends_on},
        "account": account.account_id,
        "timezone": account.timezone,
        "currency": account.currency,
        "data_as_of": account.data_as_of,
        "summary": wording.lede(summary),
        "headlines": [
            {
                **_line(card.line),
                "is_earlier": card.is_earlier,
                "pending": _figure(card.pending),
                "protocol": card.line.kpi.protocol,
                "trend": [
                    {
                        "start": point.period.starts_on,
                        "value": point.value,
                        "is_mature": point.is_mature,
                        "is_low_sample": point.is_low_sample,
                    }
                    for point in card.trend
                ],
                "split": _line(card.split) if card.split else None,
            }
            for card in summary.cards
        ],
        "diagnostics": [_line(line) for group in summary.groups for line in group.lines],
        "categories": [
            {
                "category": each.label,
                "tickets": each.tickets,
                "previous": each.previous,
                "ai": each.ai,
                "human": each.human,
                "headlines": {kpi: _figure(one) for kpi, one in sorted(each.headlines.items())},
            }
            for each in summary.categories
        ],
        "alerts": summary.alerts,
        "context": {"events": notes.events, "remarks": notes.remarks},
        "sources": None
        if notes.sources is None
        else [
            {
                "source": source.source,
                "last_instant_at": source.last_instant_at,
                "is_stale": source.is_stale,
                "quarantined_rows": source.quarantined_rows,
                "feeds": sorted(source.feeds),
            }
            for source in notes.sources
        ],
        "unavailable": [{"kpi": label, "reason": why} for label, why in notes.unavailable],
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _line(line: Line) -> dict[str, Any]:
    target = line.target
    return {
        "kpi": line.kpi.kpi,
        "stat": line.stat.name,
        "label": line.kpi.label,
        "unit": line.stat.unit,
        "period": line.period.label,
        "value": line.value,
        "numerator": line.figure.numerator if line.figure else None,
        "denominator": line.figure.denominator if line.figure else None,
        "n": line.figure.n if line.figure else None,
        "previous": line.previous.value if line.previous else None,
        "verdict": (line.change.verdict or None) if line.change else None,
        "baseline_30d": line.baseline,
        "ai": _figure(line.ai),
        "human": _figure(line.human),
        "target": target.aim if target else None,
        "tier": target.tier if target else None,
        "is_breach": target.is_breach if target else None,
        "owner": line.kpi.owner,
        "not_judged": line.caution or None,
        "no_value": line.reason or None,
    }


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    if figure is None:
        return None
    return {
        "value": figure.value,
        "n": figure.n,
        "is_mature": figure.is_mature,
        "is_low_sample": figure.is_low_sample,
    }
