"""The judged facts as dictionaries with the column names of MODEL.md: what a row of `core` says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from .clock import seconds
from .episodes import Life
from .judgements import handoff_clock, responder_turns
from .quality import is_fcr
from .speed import TARGETS, first_resolution_clock, full_clock, reply_clocks
from .world import LONG_WINDOW, WINDOW, Contact, Family, World

LEGS = ("needs_us", "waiting_customer", "on_hold", "ai_leg", "human_leg")


def fct_tickets(world: World) -> Iterator[dict[str, Any]]:
    """Every ticket, countable or not; durations of countable ones only."""
    for family in world.families:
        yield {**_segments(family, family.handling, family.category), **_ticket(family)}


def fct_episodes(world: World) -> Iterator[dict[str, Any]]:
    """Every episode of every ticket."""
    for family in world.families:
        for contact in family.contacts:
            segments = _segments(family, contact.judged.handling, contact.category)
            yield {**segments, **_episode(contact), **_judgements(contact)}


def fct_reply_turns(world: World) -> Iterator[dict[str, Any]]:
    """Every customer turn of every countable episode."""
    asynchronous, sync = TARGETS["reply_time"]
    for contact, number, clock in reply_clocks(world):
        target = sync if clock.is_sync else asynchronous
        yield {
            "ticket_id": contact.judged.key[0],
            "episode_seq": contact.judged.key[1],
            "turn_seq": number,
            "waited_from_at": clock.started_at,
            "replied_at": clock.stopped_at,
            "replier_kind": f"{clock.side}_agent" if clock.side else None,
            "wait_s": clock.seconds,
            "wait_biz_s": clock.business_seconds,
            "target_s": target,
            "is_within_target": clock.is_within(target, world.shop.data_as_of, business=False),
        }


def _segments(family: Family, handling: str, category: str) -> dict[str, Any]:
    return {
        "ticket_id": family.case.ticket.ticket_id,
        "customer": family.case.customer,
        "handling": handling,
        "channel": family.case.channel,
        "category": category,
        "team": family.case.team,
        "is_countable": family.case.is_countable,
    }


def _ticket(family: Family) -> dict[str, Any]:
    case, life = family.case, family.life
    told: dict[str, Any] = {
        "customer_segment": next(iter(family.dims["customer_segment"]), None),
        "is_sync": case.is_sync,
        "exclude_reason": case.exclude_reason,
        "is_merged_away": case.survivor_id != case.ticket.ticket_id,
        "canonical_ticket_id": case.survivor_id,
        "is_outbound_started": case.is_outbound_started,
        "first_customer_message_at": case.starts_at,
        "episode_count": len(family.contacts),
        "reopen_count": len(life.reopens),
        "first_resolved_at": life.resolves[0][1].at if life.resolves else None,
        "resolved_at": family.full_resolved_at,
        "state": _state(life),
    }
    if family.contacts:
        full = full_clock(family)
        told |= {"full_resolution_s": full.seconds, "full_resolution_biz_s": full.business_seconds}
        told |= {f"{leg}_s": full.legs.get(leg) for leg in LEGS}
    if life.resolves:
        first = first_resolution_clock(family)
        told |= {
            "first_resolution_s": first.seconds,
            "first_resolution_biz_s": first.business_seconds,
        }
    return told


def _episode(contact: Contact) -> dict[str, Any]:
    judged = contact.judged
    clock = contact.case.clock
    told: dict[str, Any] = {
        "customer_segment": contact.dims["customer_segment"][0],
        "episode_seq": judged.episode.seq,
        "opened_at": contact.opened_at,
        "resolved_at": contact.resolved_at,
        "first_reply_at": judged.first_reply_at(),
        "first_ai_reply_at": judged.first_reply_at("ai"),
        "first_human_reply_at": judged.first_reply_at("human"),
        "handoff_at": judged.handoffs[0].at if judged.handoffs else None,
        "handoff_reason": judged.handoff_reason,
    }
    for name, side in (("any", None), ("ai", "ai"), ("human", "human")):
        replied_at = judged.first_reply_at(side)
        told[f"frt_{name}_s"] = seconds(contact.opened_at, replied_at)
        told[f"frt_{name}_biz_s"] = clock.seconds(contact.opened_at, replied_at)
    asked_at, answered_at = handoff_clock(judged) or (None, None)
    told["handoff_response_s"] = seconds(asked_at, answered_at)
    told["handoff_response_biz_s"] = clock.seconds(asked_at, answered_at)
    return told


def _judgements(contact: Contact) -> dict[str, Any]:
    judged = contact.judged
    turns = responder_turns(judged.episode.messages)
    resolved_at = contact.resolved_at
    is_first = judged.is_resolved and not contact.is_recontact
    return {
        "is_ai_involved": judged.is_ai_involved,
        "ai_outcome": judged.ai_outcome,
        "is_ai_resolved": judged.is_ai_resolved,
        "is_human_touched": bool(judged.replies_of("human")) or judged.is_resolved_by_human,
        "responder_turns_ai": turns.count("ai"),
        "responder_turns_human": turns.count("human"),
        "sessions": judged.sessions,
        "is_resolved": judged.is_resolved,
        "is_one_touch": judged.is_one_touch,
        # FCR is a question to first, resolved episodes only: NULL for the others.
        "is_fcr": is_fcr(contact, WINDOW) if is_first else None,
        "is_fcr_contact": not contact.is_recontacted(WINDOW) if is_first else None,
        "is_recontact": contact.is_recontact,
        "is_recontacted_48h": contact.is_recontacted(WINDOW),
        "recontact_type": contact.recontact_type(WINDOW),
        "is_recontacted_168h": contact.is_recontacted(LONG_WINDOW),
        "is_deflected": judged.is_deflected,
        "mature_48h_at": resolved_at + timedelta(hours=48) if resolved_at else None,
    }


def _state(life: Life) -> str | None:
    return life.spans[-1].state if life.spans else None
