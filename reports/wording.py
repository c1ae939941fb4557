"""Phrases that every output of a report shares."""

from __future__ import annotations

from reports.cards import Card
from reports.categories import Category
from reports.formats import Kind, change, figure, number, threshold
from reports.judging import Target
from reports.summary import Summary

_COUNTS = ("none", "one", "two", "three", "four")
# Names that say no more than the KPI's own label does.
_SILENT_STATS = frozenset({"ratio", "count", "value"})


def stat_words(stat: str) -> str:
    """median_biz → "median, business hours"; nothing for a KPI's plain value."""
    if stat in _SILENT_STATS:
        return ""
    words = stat.removesuffix("_biz").replace("_", " ")
    return f"{words}, business hours" if stat.endswith("_biz") else words


def target_text(target: Target, kind: Kind, currency: str) -> str:
    """The target with its side: "≥ 4.30"."""
    return f"{target.sign} {threshold(target.aim or 0, kind, currency)}"


def tiers(target: Target, kind: Kind, currency: str) -> list[tuple[str, str, bool]]:
    """Name, threshold and whether it is the one reached, of the tiers that are set."""
    given = {"good": target.good, "better": target.better, "best": target.best}
    return [
        (name, threshold(limit, kind, currency), name == target.tier)
        for name, limit in given.items()
        if limit is not None
    ]


def range_text(lower: float | None, upper: float | None, kind: Kind, currency: str) -> str:
    """A range in words: "4.31 to 4.48", open on a side that is not known."""
    if lower is None and upper is None:
        return ""
    if lower is None or upper is None:
        edge = "at most" if lower is None else "at least"
        return f"{edge} {figure(upper if lower is None else lower, kind, currency)}"
    return f"{figure(lower, kind, currency)} to {figure(upper, kind, currency)}"


def category_change(category: Category, grain: str) -> str:
    """How the tickets of a category moved: "+12 % from 21"."""
    if category.previous is None:
        return f"no {grain} before to compare with"
    if not category.previous:
        return f"none the {grain} before"
    text = change(category.tickets, category.previous, "count", "context").text
    return f"{text} from {number(category.previous)}"


def brief(summary: Summary) -> str:
    """The summary in as few lines as chat takes: the lede, and a line a headline."""
    currency = summary.account.currency
    lines = [lede(summary), ""]
    for card in summary.cards:
        line, kind = card.line, card.line.stat.kind
        told = f"{line.kpi.short_label}: {figure(line.value, kind, currency)}"
        if line.change and line.previous:
            was = figure(line.previous.value, kind, currency)
            told += f", {', '.join(filter(None, (line.change.text, line.change.verdict)))}"
            told += f" {'than' if line.change.verdict else 'from'} {was}"
        if line.target:
            told += f"; target {target_text(line.target, kind, currency)}"
        lines.append(told)
    return "\n".join([*lines, ""])


def lede(summary: Summary) -> str:
    """What a reader who stops after two lines must know."""
    currency = summary.account.currency
    sentences = [_score(summary.cards, summary.period.grain)]
    sentences += [text for card in summary.cards if (text := _exception(card, currency))]
    missing: dict[str, list[str]] = {}
    for card in summary.cards:
        if card.line.value is None:
            missing.setdefault(card.line.reason, []).append(card.line.kpi.short_label)
    sentences += [f"No figure for {', '.join(them)}: {why}." for why, them in missing.items()]
    late = [source.source for source in summary.notes.sources or () if source.is_stale]
    if late:
        verb = "is" if len(late) == 1 else "are"
        sentences.append(f"{', '.join(late)} {verb} late: figures wait for what has not come.")
    alerts = len(summary.open_alerts)
    if alerts:
        count = _COUNTS[alerts].capitalize() if alerts < len(_COUNTS) else str(alerts)
        sentences.append(f"{count} {'alert is' if alerts == 1 else 'alerts are'} open.")
    return " ".join(text for text in sentences if text)


def _score(cards: tuple[Card, ...], grain: str) -> str:
    """How many headlines are on target, of those that can be judged."""
    judged = [card.line.target for card in cards if card.line.target and card.line.target.tier]
    met = sum(1 for target in judged if target.is_met)
    if not judged:
        return f"No headline figure can be judged this {grain}."
    whole = (
        "headline figures" if len(judged) == len(cards) else "headline figures that can be judged"
    )
    if len(judged) == 1:
        return f"The one headline figure that can be judged is {'on' if met else 'off'} target."
    if met == len(judged):
        return f"All {_COUNTS[met]} {whole} are on target."
    return (
        f"{_COUNTS[met].capitalize()} of {_COUNTS[len(judged)]} {whole} "
        f"{'is' if met == 1 else 'are'} on target."
    )


def _exception(card: Card, currency: str) -> str:
    line, target = card.line, card.line.target
    if line.value is None:
        return ""
    label, kind = line.kpi.short_label, line.stat.kind
    shown = figure(line.value, kind, currency)
    if line.caution:
        return f"{label} is {shown}, not judged ({line.caution})."
    if target is None or not target.tier or target.is_met:
        return ""
    state = "short of its target but acceptable" if target.tier == "good" else "off target"
    return f"{label} is {state}: {shown}, target {target_text(target, kind, currency)}."
