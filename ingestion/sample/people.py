"""The people's part of a conversation: the queue, replies, waiting, resolving.

First contacts and handoffs go through their team's queue, whose pace is what is staffed; later
turns wait as long as the queue is at that instant. Nothing looks ahead, so that tomorrow's volume
cannot change today's answers.
"""

import numpy as np

from ingestion.sample.catalogue import DAMAGED, EMAIL, FORM, PAYMENT, RETURNS_TEAM, TEAMS, WISMO
from ingestion.sample.clocks import DAY_S, HOUR_S
from ingestion.sample.dice import Bools, Floats, Ints, Keys
from ingestion.sample.episodes import NEVER, Episodes, Scene
from ingestion.sample.ledger import AI, AUTOMATION, CUSTOMER, HUMAN, SYSTEM
from ingestion.sample.staff import AI_AGENT, FIRST_HUMAN, RULES
from ingestion.sample.texts import line

WORK_BY_CATEGORY = (430.0, 500.0, 480.0, 460.0, 560.0, 700.0, 450.0)  # median seconds
CHASING = 3.2  # work on a late parcel while its carrier is stuck
ASYNC_TURNS = (0.83, 0.12, 0.04, 0.01)
SYNC_TURNS = (0.46, 0.3, 0.16, 0.08)
GIVES_UP_S = 3 * DAY_S  # an agent's "solved unless you answer"


class Queues:
    """First come, first served, by team; worked at the team's capacity."""

    def __init__(self, scene: Scene) -> None:
        self._capacity = scene.staff.capacity
        self._known: dict[int, tuple[Ints, Floats]] = {}

    def enter(self, team: Ints, at: Ints, keys: Keys, work: Floats) -> Ints:
        """The instant at which each piece of work is begun."""
        begun = np.zeros(len(at), dtype=np.int64)
        for code in range(len(TEAMS)):
            rows = np.flatnonzero(team == code)
            rows = rows[np.lexsort((keys[rows], at[rows]))]
            arrived = self._capacity[code].passed(at[rows])
            done = np.cumsum(work[rows])
            finished = done + np.maximum.accumulate(arrived - (done - work[rows]))
            self._known[code] = (at[rows], finished)
            begun[rows] = self._capacity[code].reached(finished - work[rows])
        return np.maximum(begun, at)

    def joined(self, team: Ints, at: Ints) -> Ints:
        """When work that comes in at `at` would be begun, behind what is known by then."""
        begun = at.copy()
        for code in range(len(TEAMS)):
            rows = np.flatnonzero(team == code)
            arrivals, finished = self._known[code]
            ahead = np.searchsorted(arrivals, at[rows], side="right") - 1
            until = np.where(ahead >= 0, finished[ahead], 0.0) if len(finished) else 0.0
            capacity = self._capacity[code]
            begun[rows] = capacity.reached(np.maximum(until, capacity.passed(at[rows])))
        return np.maximum(begun, at)


def work_seconds(scene: Scene, episodes: Episodes) -> Floats:
    """Touch time that each episode takes a person."""
    median = np.array(WORK_BY_CATEGORY)[episodes.category]
    work = scene.dice.lognormal("work", episodes.key, median, 0.5)
    return np.asarray(work * np.where(_stuck(scene, episodes), CHASING, 1.0))


def _stuck(scene: Scene, episodes: Episodes) -> Bools:
    """Contacts about parcels of a carrier that has trouble."""
    trouble = scene.story.stuck[scene.day(episodes.at)]
    return np.asarray(trouble & (episodes.category == WISMO))


def _later_open(scene: Scene, team: Ints, at: Ints, seconds: Floats) -> Ints:
    later = at.copy()
    for code in range(len(TEAMS)):
        rows = team == code
        later[rows] = scene.staff.open[code].later(at[rows], seconds[rows])
    return later


def _pick_up_s(scene: Scene, draw: str, mine: Episodes, keys: Keys) -> Floats:
    """Open seconds from an agent's being free to the reply."""
    written = np.isin(mine.channel, (EMAIL, FORM))
    median = np.where(mine.is_sync, 70.0, np.where(written, 1900.0, 1000.0))
    median = np.where(mine.team == RETURNS_TEAM, median * 1.3, median)
    return scene.dice.lognormal(draw, keys, median, np.where(mine.is_sync, 0.6, 0.95))


def attend(
    scene: Scene, queues: Queues, mine: Episodes, since: Ints, handed: Bools, *, queued: bool
) -> tuple[Ints, Ints, Ints, Ints]:
    """Let people answer `mine`, which wait for them from `since` on.

    Returns first reply, last reply, resolve and agent of each.
    """
    dice, sync = scene.dice, mine.is_sync
    if queued:
        begun = queues.enter(mine.team, since, mine.key, work_seconds(scene, mine))
    else:
        begun = queues.joined(mine.team, since)
    reply = _later_open(scene, mine.team, begun, _pick_up_s(scene, "pick_up", mine, mine.key))
    agent = scene.staff.pick("first", mine.key, mine.team, reply)
    forgotten = ~handed & ~sync & dice.below("forgotten", mine.key, 0.006)
    _open(scene, mine, since, reply, agent, handed, forgotten)

    first = np.where(forgotten, NEVER, reply)
    last = first.copy()
    turns = np.where(
        sync,
        dice.choice("turns", mine.key, SYNC_TURNS),
        dice.choice("mails", mine.key, ASYNC_TURNS),
    )
    chased = np.where(np.isin(mine.category, (WISMO, DAMAGED, PAYMENT)), 0.1, 0.03)
    chased = np.where(_stuck(scene, mine), 0.35, chased)
    holds = ~sync & ~forgotten & dice.below("holds", mine.key, chased)
    turns = np.where(holds, np.maximum(turns, 1), turns)
    spent = work_seconds(scene, mine) / (turns + 1)
    for turn in range(4):
        rows = np.flatnonzero((turns >= turn) & ~forgotten)
        if turn:
            held = holds[rows] & (turn == 1)
            last[rows] = _next(scene, queues, mine.take(rows), last[rows], agent[rows], held, turn)
        _reply(scene, mine.take(rows), last[rows], agent[rows], turns[rows] > turn, holds[rows])
        scene.work.append(
            (mine.ticket[rows], agent[rows], last[rows] - 5, spent[rows].astype(np.int64))
        )
    resolved = _resolve(scene, mine, since, last, agent, forgotten)
    return first, last, resolved, agent


def _open(
    scene: Scene,
    mine: Episodes,
    since: Ints,
    reply: Ints,
    agent: Ints,
    handed: Bools,
    forgotten: Bools,
) -> None:
    """Routing to the team, then to the agent, a look at the ticket, a note, a draft."""
    dice, ledger = scene.dice, scene.ledger
    teams = ledger.words.codes(np.array(TEAMS))[mine.team]
    ledger.note(mine.ticket, since + 3, "assigned", AUTOMATION, actor_id=RULES, to=teams)
    before = np.minimum(
        20 + 200 * dice.uniform("looks", mine.key), np.maximum(reply - since - 4, 0)
    )
    seen = reply - before.astype(np.int64)
    rows = ~forgotten
    people = ledger.words.codes([agent.agent_id for agent in scene.staff.agents])
    who = np.clip(agent - FIRST_HUMAN, 0, None)
    ledger.note(mine.ticket[rows], seen[rows], "assigned", HUMAN, actor_id=agent[rows],
                to=people[who[rows]])  # fmt: skip
    fresh = rows & (mine.seq == 1)
    ledger.status(mine.ticket[fresh], seen[fresh], "new", "open", HUMAN, agent[fresh])
    noted = rows & dice.below("noted", mine.key, np.where(mine.is_sync, 0.08, 0.22))
    ledger.say(mine.ticket[noted], seen[noted] + 1, HUMAN, line(dice, "note", mine.key[noted]),
               author_id=agent[noted], public=False)  # fmt: skip
    launched = scene.story.ai_live[scene.day(since)]
    drafted = rows & launched & ~mine.is_sync & dice.below("drafted", mine.key, 0.35)
    ledger.say(mine.ticket[drafted], since[drafted] + 20, AI,
               line(dice, "ai_draft", mine.key[drafted]), author_id=AI_AGENT, public=False,
               assisted=True)  # fmt: skip


def _reply(scene: Scene, mine: Episodes, at: Ints, agent: Ints, more: Bools, holds: Bools) -> None:
    dice, ledger = scene.dice, scene.ledger
    body = line(dice, "human_answer", mine.key)
    body = np.where(more, line(dice, "human_question", mine.key), body)
    body = np.where(more & holds, line(dice, "human_hold", mine.key), body)
    launched = scene.story.ai_live[scene.day(at)]
    drafted = launched & ~mine.is_sync & dice.below("drafted", mine.key, 0.35)
    ledger.say(mine.ticket, at, HUMAN, body, author_id=agent, assisted=drafted)
    ooo = (mine.channel == EMAIL) & dice.below("ooo", mine.key, 0.012)
    ledger.say(mine.ticket[ooo], at[ooo] + 25, CUSTOMER,
               line(dice, "customer_auto", mine.key[ooo]), auto=True)  # fmt: skip


def _next(
    scene: Scene, queues: Queues, mine: Episodes, last: Ints, agent: Ints, held: Bools, turn: int
) -> Ints:
    """From one reply to the next: on hold, or the customer answers; returns its instant."""
    dice, ledger, sync = scene.dice, scene.ledger, mine.is_sync
    key = dice.child(f"turn/{turn}", mine.key)
    ledger.status(mine.ticket[held], last[held] + 2, "open", "on_hold", HUMAN, agent[held])
    away = last + (DAY_S * (0.8 + 2.2 * dice.uniform("hold", key))).astype(np.int64)
    back = _later_open(scene, mine.team, away, np.full(len(mine), 60.0))
    ledger.status(mine.ticket[held], back[held], "on_hold", "open", HUMAN, agent[held])

    waits = ~held & ~sync & dice.below("pends", key, 0.85)
    ledger.status(mine.ticket[waits], last[waits] + 2, "open", "pending", HUMAN, agent[waits])
    pause = dice.lognormal("answers", key, np.where(sync, 75.0, 4.0 * HOUR_S), 0.7)
    said = last + 12 + np.minimum(pause, 3 * DAY_S).astype(np.int64)
    asked = ~held
    ledger.say(mine.ticket[asked], said[asked], CUSTOMER, line(dice, "customer_more", key[asked]))
    ledger.status(mine.ticket[waits], said[waits], "pending", "open", SYSTEM)
    begun = np.where(sync, said, queues.joined(mine.team, said))
    wait = _pick_up_s(scene, "again", mine, key) * 0.7
    again = _later_open(scene, mine.team, begun, wait)

    snoozed = asked & ~sync & (again - said > 2 * HOUR_S) & dice.below("snoozes", key, 0.25)
    ledger.note(
        mine.ticket[snoozed], said[snoozed] + 900, "snoozed", HUMAN, actor_id=agent[snoozed]
    )
    ledger.note(mine.ticket[snoozed], again[snoozed] - 300, "unsnoozed", SYSTEM)
    return np.where(held, back + 120, again)


def _resolve(
    scene: Scene, mine: Episodes, since: Ints, last: Ints, agent: Ints, forgotten: Bools
) -> Ints:
    """Solved with the last reply, left pending until a rule solves it, or cleared away."""
    dice, ledger = scene.dice, scene.ledger
    leaves = ~mine.is_sync & ~forgotten & dice.below("leaves", mine.key, 0.17)
    cleared = since + (DAY_S * (6 + 9 * dice.uniform("cleared", mine.key))).astype(np.int64)
    soon = (5 + 150 * dice.uniform("solves", mine.key)).astype(np.int64)
    ended = np.where(forgotten, NEVER, last)
    at = np.where(forgotten, cleared, np.where(leaves, ended + GIVES_UP_S, ended + soon))
    ledger.status(mine.ticket[leaves], last[leaves] + 3, "open", "pending", HUMAN, agent[leaves])
    ledger.note(mine.ticket[leaves], at[leaves], "resolved", AUTOMATION, actor_id=RULES)
    solved = ~leaves
    ledger.note(mine.ticket[solved], at[solved], "resolved", HUMAN, actor_id=agent[solved])
    return at
