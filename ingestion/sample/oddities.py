"""What a helpdesk also holds: merged duplicates, spam, tests, bounces, outbound, deletions.

Each kind is rare, but each of them bends a number that takes no care of it.
"""

from dataclasses import replace

import numpy as np

from ingestion.sample.catalogue import CHAT, EMAIL, WISMO
from ingestion.sample.clocks import DAY_S, HOUR_S, shape
from ingestion.sample.conversations import CLOSES_S, Lives
from ingestion.sample.demand import HOURS, Tickets, team_of
from ingestion.sample.dice import Bools, Ints
from ingestion.sample.episodes import HUMAN_ONLY, Scene
from ingestion.sample.ledger import AUTOMATION, CUSTOMER, HUMAN, ticket_value
from ingestion.sample.staff import RULES
from ingestion.sample.texts import line

RATES = {  # of the expected tickets of a day
    "spam": 0.02,
    "bounce": 0.008,
    "outbound": 0.022,
    "test": 0.004,
    "silent": 0.003,
}
DUPLICATES = 0.035  # of tickets that wait long
CHAINS = 0.15
UNMERGED = 0.08
DELETED = 0.005
RESTORED = 0.2


def _blank(scene: Scene, kind: str, rate: float) -> Tickets:
    """Tickets of a kind that nobody's order leads to, spread over the days."""
    story, dice = scene.story, scene.dice
    days = story.days
    keys = dice.child(f"odd/{kind}", days.numbers.astype(np.uint64))
    expected = story.orders_per_day * story.tickets_per_order * rate
    times = dice.count("odd", keys, expected)
    day = np.repeat(np.arange(len(times)), times)
    place = np.arange(len(day)) - np.repeat(np.cumsum(times) - times, times)
    key = dice.child("odd_one", keys[day] + place.astype(np.uint64))
    share = shape([float(hour) for hour in HOURS])(dice.uniform("contact_hour", key))
    at = days.at(day, share)
    kept = (at >= story.start_at) & (at < story.end_at)
    key, at = key[kept], at[kept]
    size = len(key)
    none = np.full(size, -1)
    email = np.full(size, EMAIL)
    category = np.full(size, -1)
    return Tickets(
        key=key, at=at, category=category, subcategory=np.zeros(size, dtype=np.int64),
        channel=email, team=team_of(email, category), order=none, link=np.zeros(size, np.int64),
        customer=none, has_customer=np.zeros(size, bool), has_email=np.ones(size, bool),
        language=np.zeros(size, np.int64), sku=none, brand=np.zeros(size, np.int64),
        priority=np.ones(size, np.int64), goodness=np.full(size, 0.5),
    )  # fmt: skip


def add_oddities(scene: Scene, lives: Lives) -> tuple[Tickets, Bools]:
    """The whole pool of tickets with the odd ones behind, and which of them are tests."""
    pool = lives.tickets
    is_test = [np.zeros(len(pool), dtype=bool)]
    _deletions(scene, pool)
    duplicates = _duplicates(scene, lives, len(pool))
    pool = Tickets.joined([pool, duplicates])
    is_test.append(np.zeros(len(duplicates), dtype=bool))
    for kind, rate in RATES.items():
        odd = _blank(scene, kind, rate)
        start = len(pool)
        if kind == "spam":
            _spam(scene, odd, start)
        elif kind == "bounce":
            _bounce(scene, odd, start)
        elif kind == "outbound":
            odd = _outbound(scene, odd, start)
        elif kind == "test":
            _test(scene, odd, start)
        else:
            odd = _silent(scene, odd, start)
        pool = Tickets.joined([pool, odd])
        is_test.append(np.full(len(odd), kind == "test"))
    return pool, np.concatenate(is_test)


def _rows(tickets: Tickets, start: int) -> Ints:
    return np.arange(start, start + len(tickets))


def _answer(scene: Scene, odd: Tickets, rows: Ints, since: Ints, some: Bools) -> None:
    """A person answers `some` in opening hours and resolves."""
    mine, ticket = odd.take(some), rows[some]
    begun = since[some]
    for team, hours in scene.staff.open.items():
        chosen = mine.team == team
        wait = scene.dice.lognormal("odd_wait", mine.key[chosen], 2400.0, 0.8)
        begun[chosen] = hours.later(begun[chosen], wait)
    agent = scene.staff.pick("odd", mine.key, mine.team, begun)
    scene.ledger.status(ticket, begun - 20, "new", "open", HUMAN, agent)
    scene.ledger.say(ticket, begun, HUMAN, line(scene.dice, "human_answer", mine.key),
                     author_id=agent)  # fmt: skip
    scene.ledger.note(ticket, begun + 30, "resolved", HUMAN, actor_id=agent)
    scene.ledger.note(ticket, begun + 30 + CLOSES_S, "closed", AUTOMATION, actor_id=RULES)


def _created(scene: Scene, odd: Tickets, rows: Ints, purpose: str, *, auto: bool = False) -> None:
    scene.ledger.say(rows, odd.at, CUSTOMER, line(scene.dice, purpose, odd.key), auto=auto)
    scene.ledger.note(rows, odd.at, "created", CUSTOMER)


def _spam(scene: Scene, odd: Tickets, start: int) -> None:
    dice, ledger, rows = scene.dice, scene.ledger, _rows(odd, start)
    _created(scene, odd, rows, "spam")
    late = dice.below("late_spam", odd.key, 0.4)
    wait = np.where(late, DAY_S * (0.3 + 2.5 * dice.uniform("spam_wait", odd.key)), 15)
    at = odd.at + wait.astype(np.int64)
    agent = scene.staff.pick("spam", odd.key, odd.team, at)
    ledger.note(rows[~late], at[~late], "spam_marked", AUTOMATION, actor_id=RULES)
    ledger.note(rows[late], at[late], "spam_marked", HUMAN, actor_id=agent[late])
    wrong = ~late & dice.below("no_spam", odd.key, 0.15)
    back = at + (HOUR_S * (1 + 6 * dice.uniform("unspam", odd.key))).astype(np.int64)
    ledger.note(rows[wrong], back[wrong], "spam_unmarked", HUMAN, actor_id=agent[wrong])
    _answer(scene, odd, rows, back, wrong)


def _bounce(scene: Scene, odd: Tickets, start: int) -> None:
    rows = _rows(odd, start)
    _created(scene, odd, rows, "bounce", auto=True)
    scene.ledger.note(rows, odd.at + 60, "closed", AUTOMATION, actor_id=RULES)


def _test(scene: Scene, odd: Tickets, start: int) -> None:
    rows = _rows(odd, start)
    _created(scene, odd, rows, "test")
    scene.ledger.note(rows, odd.at + 600, "resolved", HUMAN,
                      actor_id=scene.staff.pick("test", odd.key, odd.team, odd.at))  # fmt: skip


def _silent(scene: Scene, odd: Tickets, start: int) -> Tickets:
    """A chat window that was opened and left."""
    channel = np.full(len(odd), CHAT)
    odd = replace(odd, channel=channel, team=team_of(channel, odd.category))
    rows = _rows(odd, start)
    scene.ledger.note(rows, odd.at, "created", CUSTOMER)
    scene.ledger.note(rows, odd.at + 1800, "closed", AUTOMATION, actor_id=RULES)
    return odd


def _outbound(scene: Scene, odd: Tickets, start: int) -> Tickets:
    """We write first, in opening hours; a third of the customers answer."""
    dice, ledger, rows = scene.dice, scene.ledger, _rows(odd, start)
    at = scene.staff.open[0].later(odd.at, np.full(len(odd), 30.0))
    about = np.clip(np.searchsorted(scene.orders.at, at - 2 * DAY_S) - 1, 0, None)
    odd = replace(
        odd,
        at=at,
        category=np.full(len(odd), WISMO),
        order=about,
        customer=scene.orders.customer[about],
        has_customer=~scene.orders.is_guest[about],
    )
    agent = scene.staff.pick("outbound", odd.key, odd.team, at)
    ledger.note(rows, at, "created", HUMAN, actor_id=agent)
    ledger.say(rows, at, HUMAN, line(dice, "outbound", odd.key), author_id=agent)
    answers = dice.below("outbound_answer", odd.key, 0.35)
    ledger.status(rows[answers], at[answers] + 5, "new", "pending", HUMAN, agent[answers])
    quiet = ~answers
    ledger.note(rows[quiet], at[quiet] + 40, "resolved", HUMAN, actor_id=agent[quiet])
    ledger.note(rows[quiet], at[quiet] + CLOSES_S, "closed", AUTOMATION, actor_id=RULES)
    said = at + 300 + dice.lognormal("outbound_said", odd.key, 5.0 * HOUR_S, 0.8).astype(np.int64)
    ledger.say(rows[answers], said[answers], CUSTOMER,
               line(dice, "customer_more", odd.key[answers]))  # fmt: skip
    _answer(scene, odd, rows, said, answers)
    return odd


def _duplicates(scene: Scene, lives: Lives, start: int) -> Tickets:
    """The impatient write again; agents merge, now and then wrongly, now and then in a chain."""
    dice, ledger, ends = scene.dice, scene.ledger, lives.ends
    first = (lives.episodes.seq == 1) & (ends.handling == HUMAN_ONLY)
    long = first & (ends.wait_s > 1.5 * HOUR_S)
    base = np.flatnonzero(long & dice.below("duplicate", lives.episodes.key, DUPLICATES * 3))
    target = lives.episodes.ticket[base]
    replied = lives.tickets.at[target] + ends.wait_s[base].astype(np.int64)
    one, merged = _double(scene, lives.tickets.take(target), replied, "one")
    rows = _rows(one, start)
    chained = np.flatnonzero(dice.below("chain", one.key, CHAINS))
    two, into_one = _double(scene, one.take(chained), merged[chained] - 5, "two")
    _merge(scene, one, rows, target, merged)
    _merge(scene, two, _rows(two, start + len(one)), rows[chained], into_one)
    wrong = dice.below("unmerge", one.key, UNMERGED)
    wrong[chained] = False
    back = merged + (HOUR_S * (1 + 5 * dice.uniform("unmerge_wait", one.key))).astype(np.int64)
    agent = scene.staff.pick("unmerge", one.key, one.team, back)
    ledger.note(rows[wrong], back[wrong], "unmerged", HUMAN, actor_id=agent[wrong],
                was=ticket_value(target[wrong]))  # fmt: skip
    ledger.status(rows[wrong], back[wrong] + 1, "closed", "open", HUMAN, agent[wrong])
    ledger.say(rows[wrong], back[wrong] + 400, HUMAN,
               line(dice, "human_answer", one.key[wrong]), author_id=agent[wrong])  # fmt: skip
    ledger.note(rows[wrong], back[wrong] + 420, "resolved", HUMAN, actor_id=agent[wrong])
    return Tickets.joined([one, two])


def _double(scene: Scene, base: Tickets, until: Ints, which: str) -> tuple[Tickets, Ints]:
    """A second ticket between the first and `until`, and the instant of its merge."""
    key = scene.dice.child(f"double/{which}", base.key)
    span = np.maximum(until - base.at, 60)
    at = base.at + 20 + (span * (0.2 + 0.5 * scene.dice.uniform("double", key))).astype(np.int64)
    merged = np.maximum(until - 8, at + 20)
    return replace(base, key=key, at=at), merged


def _merge(scene: Scene, tickets: Tickets, rows: Ints, target: Ints, merged: Ints) -> None:
    agent = scene.staff.pick("merge", tickets.key, tickets.team, merged)
    _created(scene, tickets, rows, "duplicate")
    scene.ledger.note(rows, merged, "merged_into", HUMAN, actor_id=agent, to=ticket_value(target))
    scene.ledger.note(rows, merged, "closed", HUMAN, actor_id=agent)


def _deletions(scene: Scene, pool: Tickets) -> None:
    """Agents throw a few tickets away, long after, and take some back."""
    dice, ledger = scene.dice, scene.ledger
    rows = np.flatnonzero(dice.below("deleted", pool.key, DELETED))
    mine = pool.take(rows)
    at = mine.at + (DAY_S * (12 + 10 * dice.uniform("deleted_at", mine.key))).astype(np.int64)
    agent = scene.staff.pick("deleted", mine.key, mine.team, at)
    ledger.note(rows, at, "deleted", HUMAN, actor_id=agent)
    back = dice.below("restored", mine.key, RESTORED)
    ledger.note(rows[back], at[back] + HOUR_S, "restored", HUMAN, actor_id=agent[back])
