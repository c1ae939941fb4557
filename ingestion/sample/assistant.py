"""The AI agent's part of a conversation: greeting, answers, and how it ends or hands over.

It learns over the months after its launch and takes on channel after channel; during a bad release
it knows less, hands over more and pleases less.
"""

from dataclasses import dataclass

import numpy as np

from ingestion.sample.catalogue import CHAT, EMAIL, FORM, PRODUCT, SMS, SOCIAL, WISMO, products
from ingestion.sample.clocks import DAY_S, HOUR_S
from ingestion.sample.demand import days_since
from ingestion.sample.dice import Bools, Ints
from ingestion.sample.episodes import (
    ABANDONED,
    ASSUMED,
    CONFIRMED,
    NEVER,
    NOT_HELPFUL,
    OUTCOMES,
    Episodes,
    Scene,
)
from ingestion.sample.ledger import AI, AUTOMATION, CUSTOMER, SYSTEM
from ingestion.sample.staff import AI_AGENT, RULES
from ingestion.sample.texts import line

REACH = {  # share of contacts when grown up, days after the launch on which it starts
    CHAT: (0.96, -25),
    EMAIL: (0.84, 20),
    FORM: (0.84, 20),
    SMS: (0.75, 60),
    SOCIAL: (0.45, 110),
}
ESCALATES = (0.15, 0.27, 0.19, 0.32, 0.38, 0.52, 0.34)  # by category, grown up
REASONS = (
    "customer_request", "policy", "low_confidence", "no_answer", "missing_knowledge",
    "sentiment", "usage_limit", "error", "other",
)  # fmt: skip
REASON_SHARES = ((30, 17, 14, 12, 10, 9, 2, 2, 4), (16, 7, 25, 22, 22, 4, 1, 2, 1))
OUTCOME_SHARES = (0.0, 0.36, 0.53, 0.06, 0.05)


@dataclass
class AiLeg:
    """By episode; `handed_at` and `resolved_at` are NEVER where the AI did not."""

    involved: Bools
    handed_at: Ints
    resolved_at: Ints
    outcome: Ints
    replied_at: Ints
    ill: Bools
    recommended: Ints  # sku, or -1


def wants_ai(scene: Scene, episodes: Episodes) -> Bools:
    """Which episodes the AI is routed to."""
    since = days_since(scene.story, episodes.at, "ai_launch_on")
    chance = np.zeros(len(episodes))
    for channel, (most, starts) in REACH.items():
        rows = episodes.channel == channel
        chance[rows] = most * np.clip((since[rows] - starts) / 55, 0, 1)
    chance[(since < 0) | ~np.isin(episodes.language, (0, 1))] = 0.0
    return scene.dice.below("ai_routed", episodes.key, chance)


def assist(scene: Scene, episodes: Episodes, involved: Bools) -> AiLeg:
    """Write the AI's side of `involved` episodes into the ledger."""
    size = len(episodes)
    leg = AiLeg(
        involved=involved,
        handed_at=np.full(size, NEVER),
        resolved_at=np.full(size, NEVER),
        outcome=np.zeros(size, dtype=np.int64),
        replied_at=np.full(size, NEVER),
        ill=np.zeros(size, dtype=bool),
        recommended=np.full(size, -1),
    )
    rows = np.flatnonzero(involved)
    if not len(rows):
        return leg
    mine = episodes.take(rows)
    day = scene.day(mine.at)
    ill = scene.story.ai_ill[day]
    grown = np.array(ESCALATES)[mine.category]
    chance = grown + (0.78 - grown) * (1 - scene.story.ai_age[day]) * 0.8
    chance = np.where(ill, chance + 0.65 * (1 - chance), chance)
    blind = scene.story.stuck[day] & (mine.category == WISMO)
    chance = np.where(blind, chance + 0.45 * (1 - chance), chance)
    hands_over = scene.dice.below("escalates", mine.key, chance)
    outcome = scene.dice.choice("ai_outcome", mine.key, OUTCOME_SHARES)
    outcome = np.where(ill & scene.dice.below("worse", mine.key, 0.3), NOT_HELPFUL, outcome)
    outcome[hands_over] = 0
    last, sku = _talk(scene, mine, outcome)
    leg.ill[rows], leg.recommended[rows], leg.outcome[rows] = ill, sku, outcome
    leg.replied_at[rows] = last
    leg.handed_at[rows] = _hand_over(scene, mine, last, hands_over, ill)
    leg.resolved_at[rows] = _end(scene, mine, last, outcome)
    return leg


def _talk(scene: Scene, mine: Episodes, outcome: Ints) -> tuple[Ints, Ints]:
    """Greeting and answers; returns the instant of the last one and the sku recommended."""
    dice, ledger, sync = scene.dice, scene.ledger, mine.is_sync
    greets = sync | (outcome == ABANDONED)
    greeted_at = mine.at + 2 + dice.choice("greet", mine.key, (3, 2, 1))
    ledger.say(
        mine.ticket[greets], greeted_at[greets], AI, line(dice, "greeting", mine.key[greets]),
        author_id=AI_AGENT, substantive=False,
    )  # fmt: skip
    wait = dice.lognormal("ai_wait", mine.key, np.where(sync, 9.0, 55.0), 0.5)
    slow = dice.below("ai_slow", mine.key, 0.02)
    at = mine.at + 4 + (wait * np.where(slow, 14, 1)).astype(np.int64)
    answers = outcome != ABANDONED
    turns = np.where(sync, dice.choice("ai_turns", mine.key, (0.56, 0.3, 0.14)), 0)
    turns += np.where(sync, 0, dice.choice("ai_mails", mine.key, (0.92, 0.08)))
    asks = (mine.category == PRODUCT) & dice.below("recommends", mine.key, 0.4)
    sku = np.where(asks & answers, dice.choice("tip", mine.key, products().weight), -1)
    last = np.where(answers, at, greeted_at)
    for turn in range(3):
        rows = np.flatnonzero(answers & (turns >= turn))
        key = dice.child(f"ai_turn/{turn}", mine.key[rows])
        if turn:
            pause = np.where(sync[rows], 70.0, 3.0 * HOUR_S)
            more_at = last[rows] + 15 + dice.lognormal("more", key, pause, 0.6).astype(np.int64)
            body = line(dice, "customer_more", key)
            ledger.say(mine.ticket[rows], more_at, CUSTOMER, body)
            last[rows] = more_at + 4 + dice.lognormal("ai_more", key, 12.0, 0.5).astype(np.int64)
        tip = sku[rows] if turn == 0 else np.full(len(rows), -1)
        body = line(dice, "ai_answer", key)
        body = np.where(tip >= 0, line(dice, "ai_recommendation", key), body)
        ledger.say(mine.ticket[rows], last[rows], AI, body, author_id=AI_AGENT, sku=tip)
    return last, sku


def _hand_over(scene: Scene, mine: Episodes, last: Ints, rows: Bools, ill: Bools) -> Ints:
    """Events and messages of a handoff; NEVER where there is none."""
    dice, ledger = scene.dice, scene.ledger
    handed = np.full(len(mine), NEVER)
    some = mine.take(rows)
    reason = dice.choice_by("handoff_reason", some.key, REASON_SHARES, ill[rows].astype(np.int64))
    asks = REASONS[0]
    asked = reason == REASONS.index(asks)
    pause = np.where(some.is_sync, 45.0, 5400.0)
    at = last[rows] + 6 + dice.lognormal("handoff", some.key, 25.0, 0.5).astype(np.int64)
    at += np.where(asked, dice.lognormal("asks_person", some.key, pause, 0.5), 0).astype(np.int64)
    ledger.say(
        some.ticket[asked], at[asked] - 4, CUSTOMER,
        line(dice, "customer_wants_human", some.key[asked]),
    )  # fmt: skip
    words = ledger.words.codes(np.array(REASONS))
    ledger.note(
        some.ticket, at, "handoff", AI, actor_id=AI_AGENT, to=words[reason], reason=words[reason]
    )
    tells = dice.below("tells", some.key, 0.7)
    ledger.say(
        some.ticket[tells], at[tells] + 1, AI, line(dice, "ai_handoff", some.key[tells]),
        author_id=AI_AGENT, substantive=False,
    )  # fmt: skip
    handed[rows] = at
    return handed


def _end(scene: Scene, mine: Episodes, last: Ints, outcome: Ints) -> Ints:
    """Close what the AI keeps: thanked, silent, left after the greeting, or not helped."""
    dice, ledger = scene.dice, scene.ledger
    resolved = np.full(len(mine), NEVER)
    kept = outcome > 0
    waits = mine.ticket[kept]
    first = mine.seq[kept] == 1
    for was, rows in (("new", first), ("open", ~first)):
        ledger.status(waits[rows], last[kept][rows] + 1, was, "pending", AI, AI_AGENT)
    quiet_s = np.where(mine.is_sync, 1.5 * HOUR_S, 1.0 * DAY_S)
    soon = dice.lognormal("thanks_s", mine.key, np.where(mine.is_sync, 90.0, 2.5 * HOUR_S), 0.7)
    wait = np.where(outcome == CONFIRMED, soon + 20, quiet_s + 60 * dice.uniform("q", mine.key))
    at = last + 30 + wait.astype(np.int64)
    thanked = outcome == CONFIRMED
    ledger.say(
        mine.ticket[thanked], at[thanked] - 15, CUSTOMER,
        line(dice, "customer_thanks", mine.key[thanked]), gratitude=True,
    )  # fmt: skip
    for code in (CONFIRMED, ASSUMED, ABANDONED, NOT_HELPFUL):
        rows = outcome == code
        word = ledger.words.code(OUTCOMES[code])
        if code in (CONFIRMED, NOT_HELPFUL):
            ledger.note(mine.ticket[rows], at[rows] - 8, "ai_outcome", SYSTEM, to=word)
        actor, actor_id = (AUTOMATION, RULES) if code == ABANDONED else (AI, AI_AGENT)
        ledger.note(mine.ticket[rows], at[rows], "resolved", actor, actor_id=actor_id, to=word)
    resolved[kept] = at[kept]
    return resolved
