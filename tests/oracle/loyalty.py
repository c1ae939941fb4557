"""Rows of what customers do after a contact or a rating (R1, R4, R5): buy again, or stay away.

An association, not an effect: who writes to a shop differs from who does not.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from .clock import instant_of
from .csat import Response, responses_of
from .estimates import median_s, risk_interval, spearman, spearman_interval
from .revenue import is_recovery
from .tally import (
    NOTHING,
    Calendar,
    Cell,
    Fact,
    Measure,
    Period,
    Place,
    Row,
    Slices,
    share,
    tabulate,
)
from .world import Contact, World

WINDOW = timedelta(days=90)
WINDOWS = {"ratio_30d": 30, "ratio_60d": 60, "ratio_180d": 180}
QUIET = timedelta(days=30)
WIN_BACK = timedelta(days=30)
BANDS = ("4_5", "3", "1_2")
MIN_PAIRS = 100
BY_SEGMENT = Slices(("customer_segment",), ())


class Purchases:
    """The paid orders of every customer, by the instant of payment."""

    def __init__(self, world: World) -> None:
        self.paid: dict[str, list[datetime]] = {}
        for order in world.orders:
            if order.customer and order.paid_at:
                self.paid.setdefault(order.customer, []).append(order.paid_at)
        for days in self.paid.values():
            days.sort()

    def is_buyer(self, customer: str | None, at: datetime) -> bool:
        """Whether a paid order came before `at`."""
        return bisect_left(self.paid.get(customer or "", []), at) > 0

    def is_back(self, customer: str | None, at: datetime, window: timedelta) -> bool:
        """Whether one came after `at`, at the latest a window later."""
        days = self.paid.get(customer or "", [])
        return bisect_right(days, at) < bisect_right(days, at + window)

    def usual_gap_s(self) -> int | None:
        """The median of the gaps between a customer's consecutive orders, over all customers."""
        return median_s(
            [
                (later - earlier).total_seconds()
                for days in self.paid.values()
                for earlier, later in pairwise(days)
            ]
        )


class Buyer(NamedTuple):
    """A customer from whose `start` on purchases are looked for."""

    customer: str
    start: datetime
    band: str | None = None
    is_supported: bool = True


def loyalty_rows(world: World, calendar: Calendar) -> Iterator[Row]:
    purchases = Purchases(world)
    yield from _repurchase(world, calendar, purchases)
    yield from _churn(world, calendar, purchases)
    yield from _correlation(world, calendar, purchases)


def band_of(score: Decimal | None) -> str | None:
    """The band of a score on the scale to five, None without one."""
    if score is None:
        return None
    return "4_5" if score >= 4 else "1_2" if score <= 2 else "3"


def _repurchase(world: World, calendar: Calendar, purchases: Purchases) -> Iterator[Row]:
    """R1."""
    scores: dict[tuple[str, int], Decimal] = {}
    for response in sorted(responses_of(world), key=lambda one: one.rated_at):
        if response.contact and response.score_5 is not None:
            scores[response.contact.judged.key] = response.score_5

    def supported(grain: str) -> Iterator[Fact]:
        for (period, customer), contact in _first_resolved(world, calendar, grain).items():
            start = contact.resolved_at
            assert start is not None
            if purchases.is_buyer(customer, start):
                dims = {**contact.dims, "customer_segment": world.segments.of(customer, start)}
                band = band_of(scores.get(contact.judged.key))
                yield period, dims, Buyer(customer, start, band)

    def within(days: int, wanted: Callable[[Buyer], bool] = lambda _: True) -> Measure:
        window = timedelta(days=days)
        return lambda _, facts: share(
            purchases.is_back(fact.customer, fact.start, window) for fact in facts if wanted(fact)
        )

    def of_band(band: str | None) -> Measure:
        return within(WINDOW.days, lambda fact: fact.band == band)

    def both(grain: str) -> Iterator[Fact]:
        yield from supported(grain)
        yield from _control(world, calendar, purchases, grain)

    kpi, days = "repurchase_rate", WINDOW.days
    stats = {"ratio": within(days)}
    stats |= {stat: within(later) for stat, later in WINDOWS.items()}
    bands = {f"ratio_csat_{band}": of_band(band) for band in BANDS}
    bands["ratio_csat_none"] = of_band(None)
    # Without any rating it is not known who was content, not even that nobody said so.
    stats |= bands if world.shop.ratings else dict.fromkeys(bands, lambda *_: NOTHING)
    periods = {"month": calendar.periods("month")}
    cuts = Slices(("handling", "customer_segment"), ())
    yield from tabulate(kpi, stats, periods, supported, cuts)
    control = within(days, lambda fact: not fact.is_supported)
    ours = within(days, lambda fact: fact.is_supported)
    compared: dict[str, Measure] = {
        "control": control,
        "uplift": lambda place, facts: difference(ours(place, facts), control(place, facts)),
    }
    yield from tabulate(kpi, compared, periods, both, BY_SEGMENT)


def difference(one: Cell, other: Cell) -> Cell:
    """In points; n = the smaller side."""
    if one.value is None or other.value is None:
        return NOTHING
    return Cell(one.value - other.value, None, None, min(one.n, other.n))


def _first_resolved(
    world: World, calendar: Calendar, grain: str
) -> dict[tuple[Period, str], Contact]:
    first: dict[tuple[Period, str], Contact] = {}
    resolved = [
        (contact.resolved_at, *contact.judged.key, contact)
        for contact in world.contacts
        if contact.resolved_at is not None and contact.judged.is_resolved
    ]
    for at, _, _, contact in sorted(resolved, key=lambda row: row[:3]):
        if contact.case.customer:
            first.setdefault((calendar.period(grain, at), contact.case.customer), contact)
    return first


def _control(world: World, calendar: Calendar, purchases: Purchases, grain: str) -> Iterator[Fact]:
    """Customers who bought in the period and did not write, in it or in the 30 days before.

    They are looked at from when a customer who does write would usually have written.
    """
    lag = _usual_lag_s(world)
    if lag is None:
        return
    for period in calendar.periods(grain):
        since = instant_of(period.start - QUIET, world.zone)
        loud = {
            contact.case.customer
            for contact in world.contacts
            if since <= contact.opened_at < period.end_at
        }
        for customer, days in purchases.paid.items():
            bought = [at for at in days if period.start_at <= at < period.end_at]
            if bought and customer not in loud:
                dims = {"customer_segment": world.segments.of(customer, period.start_at)}
                start = bought[0] + timedelta(seconds=lag)
                yield period, dims, Buyer(customer, start, is_supported=False)


def _usual_lag_s(world: World) -> int | None:
    """The median from an order to a contact about it, over the account."""
    placed = {order.order_id: order.placed_at for order in world.orders}
    lags = [
        (contact.opened_at - placed[contact.order_id]).total_seconds()
        for contact in world.contacts
        if contact.order_id in placed
    ]
    return median_s([lag for lag in lags if lag >= 0])


def _latest_ratings(
    calendar: Calendar, purchases: Purchases, responses: list[Response], grain: str
) -> Iterator[Fact]:
    """The latest rating in each period of every customer who had bought before it."""
    latest: dict[tuple[Period, str], Response] = {}
    for response in sorted(responses, key=lambda one: one.rated_at):
        if response.customer:
            latest[calendar.period(grain, response.rated_at), response.customer] = response
    for (period, customer), response in latest.items():
        if purchases.is_buyer(customer, response.rated_at):
            yield period, response.dims, response


def _churn(world: World, calendar: Calendar, purchases: Purchases) -> Iterator[Row]:
    """R4."""
    responses = responses_of(world)
    window = _churn_window(world, purchases)

    def is_gone(response: Response) -> bool:
        return not purchases.is_back(response.customer, response.rated_at, window)

    def is_won_back(response: Response) -> bool:
        start, end = response.rated_at, response.rated_at + WIN_BACK
        recovery = any(
            contact.case.customer == response.customer
            and start < contact.opened_at <= end
            and is_recovery(contact)
            for contact in world.contacts
        )
        return recovery or any(
            other.customer == response.customer
            and start < other.rated_at <= end
            and band_of(other.score_5) == "4_5"
            for other in responses
        )

    def rate(facts: Sequence[Response], wanted: Callable[[Response], bool]) -> Cell:
        return share(is_gone(fact) for fact in facts if wanted(fact))

    def of_band(band: str) -> Measure:
        return lambda _, facts: rate(facts, lambda fact: band_of(fact.score_5) == band)

    low_band, high_band = of_band("1_2"), of_band("4_5")

    def relative_risk(place: Place, facts: Sequence[Response]) -> tuple[Cell, Cell, Cell]:
        bad, good = low_band(place, facts), high_band(place, facts)
        if bad.value is None or good.value is None:
            return NOTHING, NOTHING, NOTHING
        n = bad.n + good.n
        value = bad.value / good.value if good.value else None
        bounds = risk_interval(
            int(bad.numerator or 0), bad.n, int(good.numerator or 0), good.n
        ) or (None, None)
        risk = Cell(value, bad.value, good.value, n)
        return risk, Cell(bounds[0], None, None, n), Cell(bounds[1], None, None, n)

    def reduction(_: object, facts: Sequence[Response]) -> Cell:
        bad = [fact for fact in facts if band_of(fact.score_5) == "1_2"]
        return difference(rate(bad, lambda fact: not is_won_back(fact)), rate(bad, is_won_back))

    stats: dict[str, Measure] = {"ratio": lambda _, facts: rate(facts, lambda fact: True)}
    stats |= {f"ratio_csat_{band}": of_band(band) for band in BANDS}
    stats |= {
        "relative_risk": lambda place, facts: relative_risk(place, facts)[0],
        "rr_low": lambda place, facts: relative_risk(place, facts)[1],
        "rr_high": lambda place, facts: relative_risk(place, facts)[2],
        "reduction": reduction,
    }
    yield from tabulate(
        "churn_rate",
        stats,
        {"month": calendar.periods("month")},
        lambda grain: _latest_ratings(calendar, purchases, responses, grain),
        BY_SEGMENT,
    )


def _churn_window(world: World, purchases: Purchases) -> timedelta:
    if world.account.churn_window_s is not None:
        return timedelta(seconds=world.account.churn_window_s)
    return max(WINDOW, timedelta(seconds=2 * (purchases.usual_gap_s() or 0)))


def _correlation(world: World, calendar: Calendar, purchases: Purchases) -> Iterator[Row]:
    """R5."""
    scored = [response for response in responses_of(world) if response.score_5 is not None]

    def is_back(response: Response) -> bool:
        return purchases.is_back(response.customer, response.rated_at, WINDOW)

    def rho(facts: Sequence[Response]) -> tuple[Cell, Cell, Cell]:
        n = len(facts)
        scores = [float(fact.score_5 or 0) for fact in facts]
        value = spearman(scores, [is_back(fact) for fact in facts]) if n >= MIN_PAIRS else None
        low, high = (None, None) if value is None else spearman_interval(value, n)
        return Cell(value, None, None, n), Cell(low, None, None, n), Cell(high, None, None, n)

    def of_band(band: str) -> Measure:
        return lambda _, facts: share(
            is_back(fact) for fact in facts if band_of(fact.score_5) == band
        )

    stats: dict[str, Measure] = {
        "value": lambda _, facts: rho(facts)[0],
        "low": lambda _, facts: rho(facts)[1],
        "high": lambda _, facts: rho(facts)[2],
    }
    stats |= {f"ratio_csat_{band}": of_band(band) for band in BANDS}
    yield from tabulate(
        "csat_repurchase_correlation",
        stats,
        {"quarter": calendar.periods("quarter")},
        lambda grain: _latest_ratings(calendar, purchases, scored, grain),
        BY_SEGMENT,
    )
