"""Opinions: satisfaction after a resolve, reviews of the AI's work, and the quarterly NPS.

A rating leans on how the order behind the ticket went, on the wait, on the category and on what is
wrong in the shop at that time; the same goodness of an order moves repurchase (see orders).
"""

from dataclasses import dataclass

import numpy as np

from ingestion.sample.catalogue import DAMAGED, DEFECTIVE_SKU, PAYMENT, WISMO
from ingestion.sample.clocks import DAY_S, HOUR_S, add_months
from ingestion.sample.conversations import Lives
from ingestion.sample.dice import Floats, Ints
from ingestion.sample.episodes import (
    ABANDONED,
    AI_ONLY,
    ASSUMED,
    CONFIRMED,
    HUMAN_ONLY,
    HYBRID,
    NEVER,
    NOT_HELPFUL,
    Ends,
    Episodes,
    Scene,
)
from ingestion.sample.ledger import AUTOMATION
from ingestion.sample.staff import RULES

TARGETS = ("ai", "human", "ticket")
CUTS = (-1.9, -1.5, -1.05, -0.3)  # of the mood, between the scores 1 to 5
RESPONSE = 0.46
RERATED = 0.04
NPS_CUTS = (-2.2, -1.9, -1.7, -1.5, -1.35, -1.15, -0.85, -0.5, 0.0, 0.7)  # scores 0 to 10


@dataclass
class Ratings:
    """Rows of csat_responses."""

    ticket: Ints
    at: Ints
    score: Ints
    target: Ints
    sent_at: Ints
    seq: Ints


def rate(scene: Scene, lives: Lives) -> Ratings:
    """Send surveys (events) and gather the answers."""
    dice = scene.dice
    asked = np.isin(lives.ends.handling, (AI_ONLY, HYBRID, HUMAN_ONLY))
    asked &= (lives.ends.outcome != ABANDONED) & (lives.ends.resolved_at < NEVER)
    asked &= dice.below("surveyed", lives.episodes.key, 0.88)
    mine, ends = lives.episodes.take(asked), lives.ends.take(asked)
    sent = ends.resolved_at + np.where(mine.is_sync, 90, 1800)
    scene.ledger.note(mine.ticket, sent, "survey_sent", AUTOMATION, actor_id=RULES)
    mood = _mood(scene, mine, ends)
    chance: Floats = np.asarray(RESPONSE + 0.04 * (np.abs(mood) > 1.2), dtype=np.float64)
    answers = dice.below("rates", mine.key, chance)
    wait = np.minimum(dice.lognormal("rates_after", mine.key, 2.5 * HOUR_S, 1.2), 6.4 * DAY_S)
    at = sent + 20 + wait.astype(np.int64)
    score = 1 + np.searchsorted(CUTS, mood)
    whole = dice.below("of_ticket", mine.key, 0.12)
    target = np.where(ends.handling == AI_ONLY, 0, np.where(whole, 2, 1))
    parts = [(answers, at, score, target)]

    again = answers & dice.below("rerates", mine.key, RERATED)
    later = at + (DAY_S * (0.2 + 4 * dice.uniform("rerates_at", mine.key))).astype(np.int64)
    change = np.where(dice.below("rerates_up", mine.key, 0.6), 2, -2)
    parts.append((again, later, np.clip(score + change, 1, 5), target))

    both = (ends.handling == HYBRID) & dice.below("rates_ai_too", mine.key, 0.07)
    ai_score = 1 + np.searchsorted(CUTS, mood - 0.7)
    parts.append((both, sent + 240, ai_score, np.zeros(len(mine), dtype=np.int64)))
    return Ratings(
        ticket=np.concatenate([mine.ticket[rows] for rows, *_ in parts]),
        at=np.concatenate([at[rows] for rows, at, *_ in parts]),
        score=np.concatenate([score[rows] for rows, _, score, _ in parts]),
        target=np.concatenate([target[rows] for rows, *_, target in parts]),
        sent_at=np.concatenate([sent[rows] for rows, *_ in parts]),
        seq=np.concatenate([mine.seq[rows] for rows, *_ in parts]),
    )


def _mood(scene: Scene, mine: Episodes, ends: Ends) -> Floats:
    story, dice = scene.story, scene.dice
    day = scene.day(mine.at)
    mood = 2.0 * (mine.goodness - 0.5) + 0.84 * dice.normal("mood", mine.key) + 0.27
    people = np.isin(ends.handling, (HUMAN_ONLY, HYBRID))
    mood -= np.where(people & ~mine.is_sync, 0.13 * np.log2(1 + ends.wait_s / (8 * HOUR_S)), 0.0)
    mood -= np.where(people & mine.is_sync, 0.1 * np.log2(1 + ends.wait_s / 600), 0.0)
    mood -= np.where(mine.category == DAMAGED, 0.15, 0.0) + 0.08 * (mine.category == PAYMENT)
    mood -= 0.06 * (ends.handling == HYBRID)
    mood += np.where(ends.handling == AI_ONLY, 0.15 * scene.story.ai_age[day] - 0.25, 0.0)
    mood -= 2.2 * ends.is_ill + 0.9 * (ends.outcome == NOT_HELPFUL)
    mood += 0.3 * (ends.outcome == CONFIRMED) - 0.05 * (ends.outcome == ASSUMED)
    stuck = (story.stuck | np.roll(story.stuck, 3))[day]
    mood -= np.where(stuck, np.where(mine.category == WISMO, 1.15, 0.35), 0.0)
    mood -= 0.5 * ((mine.sku == DEFECTIVE_SKU) & (mine.category == DAMAGED))
    mood -= 0.3 * (mine.seq > 1)
    return np.asarray(mood)


@dataclass
class Reviews:
    """Rows of qa_reviews; `category` is a code."""

    ticket: Ints
    at: Ints
    is_correct: Ints
    category: Ints


def review(scene: Scene, lives: Lives) -> Reviews:
    """A sample of what the AI resolved, read by a person within the week."""
    dice, ends = scene.dice, lives.ends
    read = (ends.handling == AI_ONLY) & np.isin(ends.outcome, (CONFIRMED, ASSUMED))
    read &= dice.below("reviewed", lives.episodes.key, 0.13) & (lives.episodes.seq == 1)
    mine, ends = lives.episodes.take(read), ends.take(read)
    age = scene.story.ai_age[scene.day(mine.at)]
    chance = 0.82 + 0.12 * age - 0.2 * ends.is_ill
    wait = DAY_S * (1 + 4 * dice.uniform("reviewed_at", mine.key))
    return Reviews(
        ticket=mine.ticket,
        at=ends.resolved_at + wait.astype(np.int64),
        is_correct=dice.below("correct", mine.key, chance).astype(np.int64),
        category=mine.category,
    )


def ask_nps(scene: Scene) -> tuple[Ints, Ints, Ints, list[str]]:
    """Customer, instant, score and survey of each answer; asked in the second week of a quarter."""
    story, dice, orders = scene.story, scene.dice, scene.orders
    quarter = add_months(story.starts_on, (3 - (story.starts_on.month - 1) % 3) % 3)
    customers, instants, scores, surveys = [], [], [], []
    while quarter <= story.ends_on:
        asked_at = story.days.instant(quarter.replace(day=9), 10 * 60)
        window = (orders.at < asked_at) & (orders.at >= asked_at - 120 * DAY_S) & ~orders.is_guest
        rows = np.flatnonzero(window)
        _, newest = np.unique(orders.customer[rows][::-1], return_index=True)
        rows = rows[::-1][newest]
        name = f"{quarter.year}-Q{(quarter.month + 2) // 3}"
        key = dice.child(f"nps/{name}", orders.customer[rows].astype(np.uint64))
        answers = dice.below("answers_nps", key, 0.055)
        rows, key = rows[answers], key[answers]
        mood = 2.0 * (orders.goodness[rows] - 0.5) + 0.8 * dice.normal("nps", key) + 0.6
        customers.append(orders.customer[rows])
        instants.append(asked_at + dice.exponential("nps_at", key, 2.2 * DAY_S).astype(np.int64))
        scores.append(np.searchsorted(NPS_CUTS, mood))
        surveys += [name] * len(rows)
        quarter = add_months(quarter, 3)
    empty = np.zeros(0, dtype=np.int64)
    columns = [np.concatenate([empty, *parts]) for parts in (customers, instants, scores)]
    return columns[0], columns[1], columns[2], surveys
