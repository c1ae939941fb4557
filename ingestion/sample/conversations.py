"""The life of tickets: who handles each episode, what comes after it, and when it is closed.

Episodes are handled in rounds: all first ones, then those that come back out of them, then once
more. What comes back is drawn from the episode behind it, on the same ticket or on a new one.
"""

from dataclasses import dataclass, replace

import numpy as np

from ingestion.sample.assistant import assist, wants_ai
from ingestion.sample.catalogue import CATEGORIES, CHAT, EMAIL, FORM, RETURNS, SOCIAL, WISMO
from ingestion.sample.clocks import DAY_S, HOUR_S
from ingestion.sample.demand import LINKED, MENTIONED, Tickets, team_of
from ingestion.sample.dice import Bools, Ints
from ingestion.sample.episodes import (
    AI_ONLY,
    ASSUMED,
    CONFIRMED,
    HUMAN_ONLY,
    HYBRID,
    NEVER,
    NOT_HANDLED,
    RULES_ONLY,
    Ends,
    Episodes,
    Scene,
    first_episodes,
    joined,
)
from ingestion.sample.ledger import AUTOMATION, CUSTOMER, HUMAN, SYSTEM
from ingestion.sample.people import Queues, attend
from ingestion.sample.staff import RULES
from ingestion.sample.texts import line, opening

CLOSES_S = 4 * DAY_S
ROUNDS = 3
QUIET, THANKS, THANKS_REOPENS, RETURNS_HERE, AGENT_REOPENS, WRITES_ANEW = range(6)
AFTER = (0.0, 0.05, 0.035, 0.045, 0.012, 0.033)  # of resolved episodes; the rest is quiet
UNCATEGORISED = 0.035


@dataclass
class Lives:
    """Tickets with their episodes; positions of tickets are rows of `tickets`."""

    tickets: Tickets
    episodes: Episodes
    ends: Ends
    recommended: tuple[Ints, Ints, Ints]  # ticket, sku, instant


def begin(scene: Scene, tickets: Tickets, start: int) -> None:
    """First message, creation, automatic receipt and first sorting of each ticket."""
    dice, ledger = scene.dice, scene.ledger
    rows = np.arange(start, start + len(tickets))
    names_order = (tickets.order >= 0) & (tickets.link != LINKED)
    names_order &= (tickets.link == MENTIONED) | dice.below("names_order", tickets.key, 0.1)
    mention = np.where(names_order, tickets.order, -1)
    body = opening(dice, tickets.key, tickets.language, tickets.category)
    ledger.say(rows, tickets.at, CUSTOMER, body, mention=mention)
    ledger.note(rows, tickets.at, "created", CUSTOMER)
    receipt = np.isin(tickets.channel, (EMAIL, FORM)) & dice.below("receipt", tickets.key, 0.85)
    ledger.say(rows[receipt], tickets.at[receipt] + 5, AUTOMATION,
               line(dice, "auto_ack", tickets.key[receipt]),
               author_id=RULES, auto=True)  # fmt: skip
    named = ~uncategorised(scene, tickets) & dice.below("sorted", tickets.key, 0.6)
    words = ledger.words.codes(np.array(CATEGORIES))
    ledger.note(rows[named], tickets.at[named] + 2, "category_set", AUTOMATION, actor_id=RULES,
                to=words[tickets.category[named]])  # fmt: skip
    urgent = tickets.priority == 3
    ledger.note(rows[urgent], tickets.at[urgent] + 2, "priority_set", AUTOMATION, actor_id=RULES,
                to=ledger.words.code("urgent"))  # fmt: skip
    piloted = (tickets.channel == SOCIAL) & dice.below("pilot", tickets.key, 0.3)
    ledger.note(rows[piloted], tickets.at[piloted] + 3, "schedule_set", AUTOMATION, actor_id=RULES,
                to=ledger.words.code("chat"))  # fmt: skip


def uncategorised(scene: Scene, tickets: Tickets) -> Bools:
    return scene.dice.below("uncategorised", tickets.key, UNCATEGORISED)


def _handle(scene: Scene, queues: Queues, episodes: Episodes, *, first: bool) -> tuple[Ends, Ints]:
    """One round: the AI and the rules first, people for the rest; with the skus recommended."""
    dice = scene.dice
    ends = Ends.of(len(episodes))
    involved = wants_ai(scene, episodes)
    if not first:
        involved &= dice.below("ai_again", episodes.key, 0.4)
    leg = assist(scene, episodes, involved)
    simple = np.isin(episodes.channel, (EMAIL, FORM)) & np.isin(episodes.category, (WISMO, RETURNS))
    by_rule = simple & ~involved & dice.below("by_rule", episodes.key, 0.06 if first else 0.0)
    _rules(scene, episodes, ends, by_rule)

    kept = leg.resolved_at < NEVER
    ends.handling[kept] = AI_ONLY
    ends.outcome[kept] = leg.outcome[kept]
    ends.resolved_at[kept] = leg.resolved_at[kept]
    ends.last_reply_at[kept] = leg.replied_at[kept]
    ends.is_ill = leg.ill & kept

    people = ~kept & ~by_rule
    mine, handed = episodes.take(people), leg.handed_at[people] < NEVER
    since = np.where(handed, leg.handed_at[people], mine.at)
    reply, last, resolved, agent = attend(scene, queues, mine, since, handed, queued=first)
    answered = reply < NEVER
    side = np.where(handed, HYBRID, np.where(answered, HUMAN_ONLY, NOT_HANDLED))
    ends.handling[people] = side
    ends.resolved_at[people] = resolved
    ends.last_reply_at[people] = last
    ends.agent[people] = np.where(answered, agent, -1)
    ends.wait_s[people] = np.where(answered, reply - since, DAY_S)
    return ends, leg.recommended


def _rules(scene: Scene, episodes: Episodes, ends: Ends, rows: Bools) -> None:
    mine, dice = episodes.take(rows), scene.dice
    at = mine.at + 25
    scene.ledger.say(mine.ticket, at, AUTOMATION, line(dice, "rule_answer", mine.key),
                     author_id=RULES)  # fmt: skip
    scene.ledger.status(mine.ticket, at + 1, "new", "pending", AUTOMATION, RULES)
    done = at + (HOUR_S * (20 + 8 * dice.uniform("rule_done", mine.key))).astype(np.int64)
    scene.ledger.note(mine.ticket, done, "resolved", AUTOMATION, actor_id=RULES)
    ends.handling[rows] = RULES_ONLY
    ends.resolved_at[rows] = done


def _after(scene: Scene, episodes: Episodes, ends: Ends) -> Ints:
    """What follows each resolve."""
    grumpy = (episodes.goodness < 0.3).astype(np.int64)
    unsure = (ends.outcome == ASSUMED).astype(np.int64)
    table = []
    for factor in (0.8, 1.35, 1.0, 1.7):
        back = [share * (factor if share_at >= RETURNS_HERE else 1.0)
                for share_at, share in enumerate(AFTER)]  # fmt: skip
        table.append([1.0 - sum(back), *back[1:]])
    what = scene.dice.choice_by("after", episodes.key, table, grumpy + 2 * unsure)
    thanks = (what == THANKS) | (what == THANKS_REOPENS)
    by_people = np.isin(ends.handling, (HUMAN_ONLY, HYBRID))
    what[thanks & ~by_people] = QUIET
    what[(what == AGENT_REOPENS) & ~by_people] = QUIET
    what[(ends.outcome == CONFIRMED) & (what == RETURNS_HERE)] = QUIET
    what[ends.resolved_at >= NEVER] = QUIET
    return what


def _thanks(scene: Scene, episodes: Episodes, ends: Ends, what: Ints) -> Ints:
    """Thanks after a resolve, which may reopen the ticket for nothing; the last resolve."""
    dice, ledger = scene.dice, scene.ledger
    last = ends.resolved_at.copy()
    rows = (what == THANKS) | (what == THANKS_REOPENS)
    mine = episodes.take(rows)
    at = last[rows] + 60 + dice.lognormal("thanks", mine.key, 1500.0, 0.8).astype(np.int64)
    ledger.say(mine.ticket, at, CUSTOMER, line(dice, "customer_thanks", mine.key), gratitude=True)
    again = what[rows] == THANKS_REOPENS
    ledger.status(mine.ticket[again], at[again], "resolved", "open", SYSTEM)
    done = at + 300 + dice.exponential("thanks_done", mine.key, 2.0 * HOUR_S).astype(np.int64)
    ledger.note(mine.ticket[again], done[again], "resolved", AUTOMATION, actor_id=RULES)
    last[rows] = np.where(again, done, last[rows])
    return last


def _agent_reopens(scene: Scene, episodes: Episodes, ends: Ends, what: Ints) -> Ints:
    """An agent takes the ticket up again by themselves; the last resolve."""
    dice, ledger = scene.dice, scene.ledger
    last = ends.resolved_at.copy()
    rows = np.flatnonzero(what == AGENT_REOPENS)
    mine, agent = episodes.take(rows), ends.agent[rows]
    wish = last[rows] + (HOUR_S * (1 + 20 * dice.uniform("retake", mine.key))).astype(np.int64)
    back = wish.copy()
    for team, hours in scene.staff.open.items():
        chosen = mine.team == team
        back[chosen] = hours.later(wish[chosen], np.full(int(chosen.sum()), 120.0))
    ledger.note(mine.ticket, back, "reopened", HUMAN, actor_id=agent)
    ledger.say(mine.ticket, back + 240, HUMAN, line(dice, "human_answer", mine.key),
               author_id=agent)  # fmt: skip
    ledger.note(mine.ticket, back + 260, "resolved", HUMAN, actor_id=agent)
    last[rows] = back + 260
    return last


def _come_back(
    scene: Scene, tickets: Tickets, episodes: Episodes, ends: Ends, what: Ints, start: int
) -> tuple[Episodes, Tickets]:
    """Reopened episodes, and new tickets (from position `start`) about the same thing."""
    dice, ledger = scene.dice, scene.ledger
    here = np.flatnonzero(what == RETURNS_HERE)
    mine = episodes.take(here)
    wait = np.minimum(dice.exponential("back", mine.key, 26.0 * HOUR_S), 3.4 * DAY_S)
    at = ends.resolved_at[here] + 1200 + wait.astype(np.int64)
    ledger.say(mine.ticket, at, CUSTOMER, line(dice, "customer_again", mine.key))
    ledger.status(mine.ticket, at, "resolved", "open", SYSTEM)
    again = replace(mine, key=dice.child("reopened", mine.key), seq=mine.seq + 1, at=at)

    anew = np.flatnonzero(what == WRITES_ANEW)
    old, source = episodes.take(anew), tickets.take(episodes.ticket[anew])
    hours = 2 + 42 * dice.uniform("anew", old.key)
    channel = np.where(old.is_sync, EMAIL, CHAT)
    new = replace(
        source,
        key=dice.child("anew", old.key),
        at=ends.resolved_at[anew] + (hours * HOUR_S).astype(np.int64),
        channel=channel,
        team=team_of(channel, source.category),
        has_email=np.ones(len(anew), dtype=bool),
    )
    begin(scene, new, start)
    return again, new


def live(scene: Scene, tickets: Tickets) -> Lives:
    """Handle `tickets` and all that comes of them."""
    queues = Queues(scene)
    begin(scene, tickets, 0)
    pool, rounds = [tickets], []
    last_resolve: list[tuple[Ints, Ints]] = []
    tips = []
    episodes, size = first_episodes(tickets), len(tickets)
    for turn in range(ROUNDS):
        ends, sku = _handle(scene, queues, episodes, first=turn == 0)
        rounds.append((episodes, ends))
        tipped = sku >= 0
        tips.append((episodes.ticket[tipped], sku[tipped], episodes.at[tipped] + 30))
        what = _after(scene, episodes, ends)
        if turn == ROUNDS - 1:
            what[what >= RETURNS_HERE] = QUIET
        last = np.maximum(_thanks(scene, episodes, ends, what),
                          _agent_reopens(scene, episodes, ends, what))  # fmt: skip
        last_resolve.append((episodes.ticket, np.where(what == RETURNS_HERE, -1, last)))
        everything = Tickets.joined(pool)
        again, new = _come_back(scene, everything, episodes, ends, what, size)
        more = first_episodes(new, size)
        size += len(new)
        pool.append(new)
        episodes = Episodes(
            **{name: np.concatenate([getattr(again, name), getattr(more, name)])
               for name in Episodes.__dataclass_fields__}
        )  # fmt: skip
    _close(scene, last_resolve, size)
    whole, ends = joined(rounds)
    ticket, sku, at = (np.concatenate(column) for column in zip(*tips, strict=True))
    return Lives(Tickets.joined(pool), whole, ends, (ticket, sku, at))


def _close(scene: Scene, last_resolve: list[tuple[Ints, Ints]], size: int) -> None:
    """Close what stayed resolved for four days."""
    at = np.full(size, -1)
    for ticket, resolved in last_resolve:
        np.maximum.at(at, ticket, resolved)
    rows = np.flatnonzero((at >= 0) & (at < NEVER))
    scene.ledger.note(rows, at[rows] + CLOSES_S, "closed", AUTOMATION, actor_id=RULES)
